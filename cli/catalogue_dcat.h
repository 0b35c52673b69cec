#ifndef CAIRN_CLI_CATALOGUE_DCAT_H_
#define CAIRN_CLI_CATALOGUE_DCAT_H_

#include <string>

#include "cairn/v1/query_service.pb.h"
#include "core/query/catalogue.h"

namespace cairn {

// The living catalogue as JSON-LD in the words of DCAT 3 (W3C Recommendation,
// 22 August 2024), for other catalogues to take in. Nothing is in it that
// `cairn datasets`, `describe` and `agencies` do not show.
//
//   dcat:Catalog                 the partnership
//     dcat:dataset               each data set of the shared catalogue
//       dcterms:hasPart          what each agency holds of it, with its
//         dcterms:publisher      agency, dcterms:temporal months,
//         dcterms:modified load, dcat:version     epoch, dcterms:rights rule,
//         adms:versionNotes series breaks, dcat:temporalResolution,
//         dcterms:spatial, and dqv:hasQualityMeasurement: rows, and of each
//         variable the percents not known and mapped, where they are told
//         (agent/known_shares.h)
//
// Names begin with https://DOMAIN/PARTNERSHIP/, of the catalogue's domain;
// nothing need be found there. The context is inside: no other file is needed
// to read it.
std::string CatalogueToDcat(const v1::Description& description,
                            const Catalogue& catalogue);

}  // namespace cairn

#endif  // CAIRN_CLI_CATALOGUE_DCAT_H_
