#include "engine/lsm/compaction/anticompaction.h"

#include <algorithm>
#include <utility>

#include "engine/lsm/compaction/sstable_writer.h"
#include "engine/sstable/internal_key.h"
#include "engine/sstable/sstable_reader.h"

namespace revenant::lsm {
namespace {

using sstable::RangeTombstone;

constexpr uint64_t kEntriesPerStep = 1024;
enum Side : size_t { kInside, kOutside };

// The pieces of a tombstone, by side. The spans must be in order and apart.
std::array<std::vector<RangeTombstone>, 2> cut(const RangeTombstone& whole, const KeySpans& spans) {
  std::array<std::vector<RangeTombstone>, 2> pieces;
  Buffer from = whole.start;
  const auto add = [&](Side side, const Buffer& upto) {
    if (from >= upto) return;
    RangeTombstone piece = whole;
    piece.start = std::exchange(from, upto);
    piece.end = upto;
    pieces[side].push_back(std::move(piece));
  };
  for (const KeySpan& span : spans) {
    add(kOutside, std::min(span.least, whole.end));
    add(kInside, span.limit.empty() ? whole.end : std::min(span.limit, whole.end));
  }
  add(kOutside, whole.end);
  return pieces;
}

KeySpans in_order(KeySpans spans) {
  std::ranges::sort(spans, {}, &KeySpan::least);
  return spans;
}

Result<void> split(env::FileSystem& files, const AnticompactionRequest& request,
                   std::array<SstableWriter*, 2> writers, AnticompactionOutcome& outcome) {
  const env::Cause cause = env::Cause::compaction(0, 0);
  const FileNumber number = request.input->number;
  const std::string path = sstable_path(request.directory, number);
  ASSIGN_OR_RETURN(auto file, files.open(path));
  ASSIGN_OR_RETURN(const auto reader,
                   sstable::SstableReader::open(std::move(file), number, path, cause));
  const KeySpans spans = in_order(*request.spans);
  std::array<std::vector<RangeTombstone>, 2> ranges;
  for (const RangeTombstone& whole : reader->range_tombstones().list()) {
    auto pieces = cut(whole, spans);
    for (const Side side : {kInside, kOutside})
      std::ranges::move(pieces[side], std::back_inserter(ranges[side]));
  }
  for (const Side side : {kInside, kOutside}) writers[side]->add(std::move(ranges[side]));

  sstable::ReadCounters counters;
  const auto entries = reader->iterate({.cause = cause, .cache = nullptr, .counters = &counters});
  uint64_t met = 0;
  for (entries->seek_to_first(); entries->valid(); entries->next()) {
    if (++met % kEntriesPerStep == 0 && request.between_steps) request.between_steps();
    const Bytes user_key = sstable::user_key_of(entries->key());
    const Side side = contains(spans, user_key) ? kInside : kOutside;
    RETURN_IF_ERROR(writers[side]->add(entries->key(), entries->value()));
    if (std::ranges::binary_search(request.watched, user_key)) {
      const CellView cell =
          sstable::entry_cell(sstable::parse_internal_key(entries->key()), entries->value());
      outcome.watched.push_back(
          {Buffer(user_key), cell.kind, cell.version, writers[side]->created().back(), {}});
    }
  }
  RETURN_IF_ERROR(entries->status());
  outcome.bytes_read = counters.bytes_from_file;
  for (const Side side : {kInside, kOutside}) {
    ASSIGN_OR_RETURN(auto written, writers[side]->finish());
    if (written.empty()) continue;
    outcome.outputs[side] = std::move(written.front());
    outcome.bytes_written += outcome.outputs[side]->file_bytes;
  }
  return {};
}

}  // namespace

AnticompactionOutcome anticompact(env::FileSystem& files, const AnticompactionRequest& request) {
  const auto writer_of = [&](FileNumber number) {
    return SstableWriter(files, {.directory = request.directory,
                                 .sstable = request.sstable,
                                 .cause = env::Cause::compaction(0, 0),
                                 .creation_time = request.input->creation_time,
                                 .first_number = number});
  };
  SstableWriter inside = writer_of(request.outputs[kInside]);
  SstableWriter outside = writer_of(request.outputs[kOutside]);
  AnticompactionOutcome outcome;
  outcome.status = split(files, request, {&inside, &outside}, outcome);
  for (const SstableWriter* writer : {&inside, &outside})
    outcome.created.insert(outcome.created.end(), writer->created().begin(),
                           writer->created().end());
  return outcome;
}

bool lies_within(const SstableMeta& sstable, const KeySpans& spans) {
  return std::ranges::any_of(spans, [&](const KeySpan& span) {
    return span.contains(sstable.least_key()) && span.contains(sstable.greatest_key());
  });
}

}  // namespace revenant::lsm
