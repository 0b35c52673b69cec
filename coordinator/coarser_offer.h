#ifndef CAIRN_COORDINATOR_COARSER_OFFER_H_
#define CAIRN_COORDINATOR_COARSER_OFFER_H_

#include <string>

#include "cairn/v1/query_service.pb.h"
#include "core/query/plan.h"

namespace cairn {

// An answer most of which is hidden is better asked for more coarsely: a
// sentence that offers it where fewer than 70 % of the figures are shown, else
// empty. Figures are the cells that are not shown as 0 and that somebody could
// give. It names the next coarser level of the --by variable with the most
// codes among those that have one, or where none has, the variable to leave
// out. It follows from the rows alone, which everyone may see.
std::string OfferCoarser(const Plan& plan, const v1::Result& result);

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_COARSER_OFFER_H_
