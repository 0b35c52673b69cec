#ifndef CAIRN_AGENT_EXTRACT_CODES_H_
#define CAIRN_AGENT_EXTRACT_CODES_H_

#include <string>
#include <vector>

#include "cairn/v1/extract.pb.h"
#include "core/query/catalogue.h"
#include "core/query/table.h"

namespace cairn {

// The code of each stored code at a level; several levels joined by kAtomJoin
// give their atoms (core/disclosure/meeting.h). Empty where the extract does
// not have a level.
std::vector<std::string> CodesAt(const v1::ExtractDimension& stored,
                                 const std::string& variable);

// The atoms of several levels of a dimension as an axis, each atom once, with
// what it lies in at those levels and above. No codes where the extract does
// not have one of the levels.
TableAxis AtomAxis(const v1::ExtractDimension& stored,
                   const Dimension& dimension,
                   const std::vector<std::string>& variables);

}  // namespace cairn

#endif  // CAIRN_AGENT_EXTRACT_CODES_H_
