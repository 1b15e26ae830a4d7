// Range scans: the winners of a merge of memtables and SSTables, on a pinned view.
#pragma once

#include <memory>

#include "engine/lsm/core.h"

namespace revenant::lsm {

// As Db::scan. Level 1 and deeper are opened one SSTable after the other as the scan gets there.
Result<std::unique_ptr<Scan>> make_scan(Core& core, std::shared_ptr<const View> view, Bytes least,
                                        Bytes limit, const ReadOptions& options);

}  // namespace revenant::lsm
