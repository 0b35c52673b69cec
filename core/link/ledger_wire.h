#ifndef CAIRN_CORE_LINK_LEDGER_WIRE_H_
#define CAIRN_CORE_LINK_LEDGER_WIRE_H_

#include <string>

#include "cairn/v1/agent_link.pb.h"
#include "core/ledger/witness.h"
#include "core/ledger/witnessed_log.h"

namespace cairn {

// What ledgers and witnesses say to each other, as messages. Nothing is judged
// here: whoever reads one does.
v1::WitnessRequest ToProto(const WitnessRequest& request,
                           const std::string& from, const std::string& to);
WitnessRequest FromProto(const v1::WitnessRequest& message);
v1::WitnessReply ToProto(const WitnessAnswer& answer, const std::string& from,
                         const std::string& to);
// An outcome that is not known is kMalformed.
WitnessAnswer FromProto(const v1::WitnessReply& message);

v1::ShownEntry ToProto(const ShownEntry& shown, const std::string& salt);
ShownEntry FromProto(const v1::ShownEntry& message);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_LEDGER_WIRE_H_
