// How far behind reads are, as quantities (PBS, Bailis et al., 2012):
//
//   versions behind   writes of the key that had been acknowledged when the read began, and are newer than what it
//                     returned
//   time behind       how long before the read began the first of them had been acknowledged
//
// A read is fresh if both are 0. Which of two writes is newer their stamps say; for a history whose source does not know
// versions it is vacuous. A write of unknown outcome was never acknowledged, so no read need have seen it; a read that
// found nothing, not even a stamp, is as new as the newest delete that was begun: it may have been purged.
#pragma once

#include "sim/check/properties/properties.h"

namespace revenant::check {

Verdict check_fresh_reads(const history::History& history, const CheckOptions& options);

}  // namespace revenant::check
