#ifndef CAIRN_CORE_LINK_CATALOGUE_FILE_H_
#define CAIRN_CORE_LINK_CATALOGUE_FILE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cairn/v1/catalogue.pb.h"
#include "core/query/catalogue.h"

namespace cairn {

// Checks a catalogue message whole and makes the domain's Catalogue of it.
// INVALID_ARGUMENT: one sentence that names the data set, variable or code.
absl::StatusOr<std::shared_ptr<const Catalogue>> MakeCatalogue(
    const v1::Catalogue& message);

// Reads policies/catalogue.textproto. Problems name the file, and the line
// where the text itself is wrong.
absl::StatusOr<std::shared_ptr<const Catalogue>> ReadCatalogue(
    const std::string& path, v1::Catalogue* message = nullptr);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_CATALOGUE_FILE_H_
