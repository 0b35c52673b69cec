#ifndef CAIRN_CORE_STORE_SCHEMA_H_
#define CAIRN_CORE_STORE_SCHEMA_H_

#include <vector>

#include "absl/status/status.h"
#include "core/store/sqlite.h"

namespace cairn {

// The form of a database that outlives releases of Cairn: a number in the file
// (SQLite's user_version). The first form is 1; step i of `steps` is SQL that
// makes form i + 2 of form i + 1. A file without a number is new, or of before
// there were numbers, which is form 1.
//
// Brings the file to the form after the last step. Before anything is changed
// it is copied to PATH.form-N, where N is the form it had; all steps are one
// commit. FAILED_PRECONDITION if the file is of a later form: an older program
// would not know what it leaves out. INTERNAL, and nothing is changed, if the
// copy cannot be made or a step fails.
absl::Status BringToForm(Database* database,
                         const std::vector<const char*>& steps);

}  // namespace cairn

#endif  // CAIRN_CORE_STORE_SCHEMA_H_
