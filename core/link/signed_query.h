#ifndef CAIRN_CORE_LINK_SIGNED_QUERY_H_
#define CAIRN_CORE_LINK_SIGNED_QUERY_H_

#include <string>

#include "absl/strings/string_view.h"
#include "cairn/v1/query.pb.h"
#include "core/identity/signed_question.h"
#include "core/query/query.h"

namespace cairn {

// The bytes of a question, as they are signed and run: a v1.Query in the one
// spelling that OpenQuery accepts.
std::string SpellQuery(const Query& query);
std::string SpellQuery(const v1::Query& query);

// The question inside a verified envelope, read from the very bytes that were
// signed. `asked` is what the coordinator says is asked; nothing of it is run.
// Distrusted:
//   kMalformed  not a v1.Query, a field we do not know, or not the spelling
//               that SpellQuery gives it (a field twice, a default written out)
//   kPurpose    the query's purpose is not the one the envelope states
//   kWider      `asked` is not what was signed
Verdict<Query> OpenQuery(const SignedQuestion& question,
                         absl::string_view asked);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_SIGNED_QUERY_H_
