#ifndef CAIRN_CORE_LINK_OPEN_QUESTION_H_
#define CAIRN_CORE_LINK_OPEN_QUESTION_H_

#include "absl/strings/string_view.h"
#include "core/audit/query_story.h"
#include "core/query/catalogue.h"

namespace cairn {

// The question that an entry query.received is bound to by its commitment, from
// what opens it; both empty if that was erased. Says whether it is the one: who
// keeps the question is not who is trusted with it. `catalogue`, which must
// outlive the result, gives titles; null: none.
OpenedQuestion OpenQuestion(const QueryRecord& record, absl::string_view salt,
                            absl::string_view bytes,
                            const Catalogue* catalogue);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_OPEN_QUESTION_H_
