// What is wrong with a history of transactions, by the names of Adya's thesis (1999) and of Elle (2020).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/check/certificate/serial.h"

namespace revenant::check::serial {

// The lightest first.
enum class Anomaly : uint8_t {
  kGarbageRead,        // of a value that nobody wrote
  kFutureRead,         // of what the transaction itself wrote, afterwards
  kDuplicateElements,  // an item is in a list twice, and was appended once
  kIncompatibleOrder,  // two lists of a key of which neither continues the other
  kG0,                 // a cycle of writes
  kG1a,                // a read of what an aborted transaction wrote
  kG1b,                // a read of what its transaction overwrote
  kDirtyUpdate,        // a change made on top of what an aborted transaction wrote
  kG1c,                // a cycle of writes and reads
  kInternal,           // a transaction reads other than what it wrote or read before
  kFracturedRead,      // it reads some of what another wrote, and older versions of the rest
  kLostUpdate,         // two replace the same version
  kGSingle,            // a cycle in which one edge leads from a read to a later write
  kGNonadjacent,       // in which several do, no two in a row
  kG2Item,             // any other
};

std::string_view to_string(Anomaly anomaly);

struct Finding {
  Anomaly anomaly;
  std::vector<uint32_t> operations;
  std::vector<Dependency> cycle = {};
  std::string story;
};

}  // namespace revenant::check::serial
