// What a history of transactions kept of isolation: sim/check/serial decides, sim/check/certificate verifies. A violation is
// told by the name that Adya and Elle gave its anomaly. Of a history without transactions the other properties say
// more: here it is vacuous.
#pragma once

#include "sim/check/properties/properties.h"
#include "sim/check/serial/isolation.h"

namespace revenant::check {

Verdict check_isolation(const history::History& history, serial::Isolation isolation);

// As a Property has it.
template <serial::Isolation kIsolation>
Verdict check_isolation_of(const history::History& history, const CheckOptions&) {
  return check_isolation(history, kIsolation);
}

}  // namespace revenant::check
