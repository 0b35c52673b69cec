#include "core/link/agreement_file.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cairn/v1/agreement.pb.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/link/text_config.h"
#include "core/query/release_plan.h"
#include "google/protobuf/text_format.h"

namespace cairn {
namespace {

using google::protobuf::Message;
using google::protobuf::TextFormat;
using Tree = TextFormat::ParseInfoTree;

constexpr size_t kMaxWords = 1000;
constexpr int kMaxYears = 5;

// One message of the file, and where it stands.
struct Spot {
  const Message* message;
  const Tree* tree;
  TextFormat::ParseLocation at;

  // Of the i-th element of a field, or of the field itself (i < 0); of the
  // message, if the field is not there.
  TextFormat::ParseLocation Of(const char* name, int i) const {
    const auto* field = message->GetDescriptor()->FindFieldByName(name);
    // Protobuf ends the program for a list without a place in it, and of a list
    // in brackets it keeps only the start.
    if (field->is_repeated() && i < 0) i = 0;
    auto found = tree->GetLocation(field, i);
    if (found.line < 0 && i > 0) found = tree->GetLocation(field, 0);
    return found.line < 0 ? at : found;
  }
  Spot Inside(const char* field, int i, const Message& inner) const {
    return {&inner,
            tree->GetTreeForNested(
                message->GetDescriptor()->FindFieldByName(field), i),
            Of(field, i)};
  }
};

class AgreementReader {
 public:
  AgreementReader(const std::string& path, const Catalogue& catalogue)
      : path_(path), catalogue_(catalogue) {}

  absl::StatusOr<Agreement> Read(const std::string& text) {
    v1::Agreement message;
    CAIRN_RETURN_IF_ERROR(ParseTextProto(path_, text, &message));
    v1::Agreement again;
    TextFormat::Parser parser;
    Tree tree;
    parser.WriteLocationsTo(&tree);
    parser.ParseFromString(text, &again);
    TextFormat::ParseLocation start;
    start.line = start.column = 0;
    const Spot spot{&message, &tree, start};
    agreement_.digest = Sha256Hex(text);
    CAIRN_RETURN_IF_ERROR(ReadHead(message, spot));
    CAIRN_RETURN_IF_ERROR(ReadDays(message, spot));
    CAIRN_RETURN_IF_ERROR(ReadPurposes(message, spot));
    for (int i = 0; i < message.data_set_size(); ++i) {
      CAIRN_RETURN_IF_ERROR(
          ReadDataSet(message.data_set(i),
                      spot.Inside("data_set", i, message.data_set(i))));
    }
    if (message.data_set().empty()) {
      return Wrong(spot, "data_set", -1, "an agreement covers a data_set");
    }
    for (int i = 0; i < message.budget_size(); ++i) {
      CAIRN_RETURN_IF_ERROR(ReadBudget(
          message.budget(i), spot.Inside("budget", i, message.budget(i))));
    }
    for (int i = 0; i < message.approval_size(); ++i) {
      CAIRN_RETURN_IF_ERROR(
          ReadClass(message.approval(i),
                    spot.Inside("approval", i, message.approval(i))));
    }
    CAIRN_RETURN_IF_ERROR(ReadFiles(message, spot));
    CAIRN_RETURN_IF_ERROR(ReadRest(message, spot));
    return std::move(agreement_);
  }

 private:
  absl::Status Wrong(const Spot& spot, const char* field, int i,
                     absl::string_view sentence) const {
    const auto at = spot.Of(field, i);
    return absl::InvalidArgumentError(absl::StrCat(
        path_, ":", at.line + 1, ":", at.column + 1, ": ", sentence));
  }

  // Words that a person reads, in `field` of `spot`.
  absl::Status CheckWords(const Spot& spot, const char* field,
                          const std::string& words) const {
    if (words.empty()) {
      return Wrong(spot, field, -1,
                   absl::StrCat(field, " is missing; write it in words"));
    }
    if (words.size() > kMaxWords || PrintableUtf8(words) != words) {
      return Wrong(spot, field, -1,
                   absl::StrCat(field, " must be one line of at most ",
                                kMaxWords, " bytes of plain text"));
    }
    return absl::OkStatus();
  }

  absl::Status CheckNumber(const Spot& spot, const char* field, uint32_t given,
                           uint32_t most) const {
    if (given >= 1 && given <= most) return absl::OkStatus();
    return Wrong(spot, field, -1, absl::StrCat(field, " must be 1 to ", most));
  }

  absl::Status CheckDigest(const Spot& spot, const char* field,
                           const std::string& digest) const {
    if (digest.size() == 64 &&
        digest.find_first_not_of("0123456789abcdef") == std::string::npos) {
      return absl::OkStatus();
    }
    return Wrong(spot, field, -1,
                 absl::StrCat(field,
                              " must be 64 hex digits, as sha256sum "
                              "prints them"));
  }

  absl::Status ReadHead(const v1::Agreement& message, const Spot& spot) {
    if (message.partnership() != catalogue_.partnership) {
      return Wrong(spot, "partnership", -1,
                   absl::StrCat("partnership must be that of the catalogue, ",
                                catalogue_.partnership));
    }
    if (!IsPersonId(message.agency())) {
      return Wrong(spot, "agency", -1, "agency must be an agency's id");
    }
    CAIRN_RETURN_IF_ERROR(CheckWords(spot, "title", message.title()));
    if (message.version() < 1) {
      return Wrong(spot, "version", -1, "version starts at 1");
    }
    if (message.version() > 1 || !message.replaces().empty()) {
      CAIRN_RETURN_IF_ERROR(CheckDigest(spot, "replaces", message.replaces()));
    }
    if (message.version() == 1 && !message.replaces().empty()) {
      return Wrong(spot, "replaces", -1, "version 1 replaces no other");
    }
    for (int i = 0; i < message.party_size(); ++i) {
      const Spot inside = spot.Inside("party", i, message.party(i));
      CAIRN_RETURN_IF_ERROR(
          CheckWords(inside, "name", message.party(i).name()));
      CAIRN_RETURN_IF_ERROR(
          CheckWords(inside, "role", message.party(i).role()));
      agreement_.parties.push_back(
          {message.party(i).name(), message.party(i).role()});
    }
    if (message.party_size() < 2) {
      return Wrong(spot, "party", -1, "an agreement has at least two parties");
    }
    for (int i = 0; i < message.asker_size(); ++i) {
      if (IsPersonId(message.asker(i))) continue;
      return Wrong(spot, "asker", i, "asker must be a person's id");
    }
    agreement_.partnership = message.partnership();
    agreement_.agency = message.agency();
    agreement_.title = message.title();
    agreement_.version = message.version();
    agreement_.replaces = message.replaces();
    agreement_.askers = {message.asker().begin(), message.asker().end()};
    return absl::OkStatus();
  }

  absl::Status ReadDay(const Spot& spot, const char* field,
                       const std::string& text, absl::CivilDay* day) const {
    if (absl::ParseCivilTime(text, day) &&
        absl::FormatCivilTime(*day) == text) {
      return absl::OkStatus();
    }
    return Wrong(spot, field, -1,
                 absl::StrCat(field, " must be a day, written 2026-04-01"));
  }

  absl::Status ReadDays(const v1::Agreement& message, const Spot& spot) {
    Agreement& a = agreement_;
    CAIRN_RETURN_IF_ERROR(ReadDay(spot, "starts", message.starts(), &a.starts));
    CAIRN_RETURN_IF_ERROR(ReadDay(spot, "ends", message.ends(), &a.ends));
    CAIRN_RETURN_IF_ERROR(
        ReadDay(spot, "review_by", message.review_by(), &a.review_by));
    if (a.ends < a.starts) {
      return Wrong(spot, "ends", -1, "ends lies before starts");
    }
    if (a.ends - a.starts > 366 * kMaxYears) {
      return Wrong(spot, "ends", -1,
                   absl::StrCat("an agreement ends after at most ", kMaxYears,
                                " years"));
    }
    if (a.review_by < a.starts || a.review_by > a.ends) {
      return Wrong(spot, "review_by", -1,
                   "review_by must lie between starts and ends");
    }
    return absl::OkStatus();
  }

  absl::Status ReadPurposes(const v1::Agreement& message, const Spot& spot) {
    std::vector<std::string> ids;
    for (int i = 0; i < message.lawful_basis_size(); ++i) {
      const v1::LawfulBasis& basis = message.lawful_basis(i);
      const Spot inside = spot.Inside("lawful_basis", i, basis);
      CAIRN_RETURN_IF_ERROR(CheckWords(inside, "id", basis.id()));
      CAIRN_RETURN_IF_ERROR(CheckWords(inside, "reference", basis.reference()));
      if (std::find(ids.begin(), ids.end(), basis.id()) != ids.end()) {
        return Wrong(inside, "id", -1, "this lawful_basis is there twice");
      }
      ids.push_back(basis.id());
      agreement_.lawful_basis.push_back({basis.id(), basis.reference()});
    }
    for (int i = 0; i < message.purpose_size(); ++i) {
      CAIRN_RETURN_IF_ERROR(
          ReadPurpose(message.purpose(i),
                      spot.Inside("purpose", i, message.purpose(i)), ids));
    }
    if (message.purpose().empty()) {
      return Wrong(spot, "purpose", -1, "an agreement has a purpose");
    }
    return absl::OkStatus();
  }

  absl::Status ReadPurpose(const v1::PurposeTerms& message, const Spot& spot,
                           const std::vector<std::string>& bases) {
    Agreement::PurposeTerms terms;
    for (const Purpose& purpose : catalogue_.purposes) {
      if (purpose.id == message.id()) terms.purpose = &purpose;
    }
    if (terms.purpose == nullptr) {
      std::vector<std::string> ids;
      for (const Purpose& purpose : catalogue_.purposes) {
        ids.push_back(purpose.id);
      }
      const std::string near = Nearest(message.id(), ids);
      return Wrong(spot, "id", -1,
                   absl::StrCat("the catalogue has no purpose '",
                                PrintableUtf8(message.id()), "'",
                                near.empty() ? "" : "; did you mean ", near));
    }
    for (const auto& other : agreement_.purposes) {
      if (other.purpose != terms.purpose) continue;
      return Wrong(spot, "id", -1, "this purpose is there twice");
    }
    for (int i = 0; i < message.lawful_basis_size(); ++i) {
      const auto found =
          std::find(bases.begin(), bases.end(), message.lawful_basis(i));
      if (found == bases.end()) {
        return Wrong(spot, "lawful_basis", i,
                     "there is no lawful_basis of this id above");
      }
      terms.lawful_basis.push_back(static_cast<int>(found - bases.begin()));
    }
    if (terms.lawful_basis.empty()) {
      return Wrong(spot, "lawful_basis", -1, "a purpose needs a lawful_basis");
    }
    agreement_.purposes.push_back(std::move(terms));
    return absl::OkStatus();
  }

  absl::Status ReadDataSet(const v1::DataSetTerms& message, const Spot& spot) {
    Agreement::DataSetTerms terms;
    const auto data_set = catalogue_.Find(message.id());
    if (!data_set.ok()) {
      return Wrong(spot, "id", -1, data_set.status().message());
    }
    if (FindTerms(*data_set)) {
      return Wrong(spot, "id", -1, "this data_set is there twice");
    }
    terms.data_set = *data_set;
    for (int i = 0; i < message.measure_size(); ++i) {
      auto measure = ParseMeasure(message.measure(i));
      absl::Status fits = measure.status();
      if (fits.ok()) fits = MakePlannedTable(**data_set, {}, *measure).status();
      if (!fits.ok()) return Wrong(spot, "measure", i, fits.message());
      terms.measures.push_back(*std::move(measure));
    }
    if (terms.measures.empty()) terms.measures.push_back(Measure{});
    for (int i = 0; i < message.variable_size(); ++i) {
      const auto at = (*data_set)->FindVariable(message.variable(i));
      if (!at.ok()) return Wrong(spot, "variable", i, at.status().message());
      terms.variables.push_back(*at);
    }
    for (int i = 0; i < message.crossing_size(); ++i) {
      CAIRN_RETURN_IF_ERROR(ReadCrossing(
          message.crossing(i), spot.Inside("crossing", i, message.crossing(i)),
          &terms));
    }
    if (message.any_crossing_of() > kMaxVariables) {
      return Wrong(
          spot, "any_crossing_of", -1,
          absl::StrCat("any_crossing_of must be 0 to ", kMaxVariables));
    }
    if (message.has_any_crossing_of()) {
      terms.any_crossing_of = static_cast<int>(message.any_crossing_of());
    }
    agreement_.data_sets.push_back(std::move(terms));
    return absl::OkStatus();
  }

  absl::Status ReadCrossing(const v1::DataSetTerms::Crossing& message,
                            const Spot& spot, Agreement::DataSetTerms* terms) {
    const DataSet& data_set = *terms->data_set;
    const auto table = MakePlannedTable(
        data_set, {message.by().begin(), message.by().end()}, Measure{});
    if (!table.ok()) return Wrong(spot, "by", -1, table.status().message());
    if (message.by().empty()) {
      return Wrong(spot, "by", -1, "a crossing names variables");
    }
    std::vector<DataSet::Variable> crossing;
    for (int i = 0; i < message.by_size(); ++i) {
      const DataSet::Variable at = *data_set.FindVariable(message.by(i));
      const bool covered =
          std::any_of(terms->variables.begin(), terms->variables.end(),
                      [&](const DataSet::Variable& finest) {
                        return finest.dimension == at.dimension &&
                               data_set.dimensions[at.dimension].Nests(
                                   finest.level, at.level);
                      });
      if (!covered) {
        return Wrong(spot, "by", i,
                     absl::StrCat(message.by(i),
                                  " is none of the variables above, nor "
                                  "coarser than one of them"));
      }
      crossing.push_back(at);
    }
    terms->crossings.push_back(std::move(crossing));
    return absl::OkStatus();
  }

  bool FindTerms(const DataSet* data_set) const {
    return std::any_of(
        agreement_.data_sets.begin(), agreement_.data_sets.end(),
        [&](const auto& terms) { return terms.data_set == data_set; });
  }

  // A data set that the agreement covers.
  absl::StatusOr<const DataSet*> Covered(const Spot& spot, const char* field,
                                         int i, const std::string& id) const {
    const auto data_set = catalogue_.Find(id);
    if (data_set.ok() && FindTerms(*data_set)) return *data_set;
    return Wrong(spot, field, i,
                 absl::StrCat("the agreement does not cover the data set '",
                              PrintableUtf8(id), "'"));
  }

  absl::Status ReadBudget(const v1::Budget& message, const Spot& spot) {
    CAIRN_RETURN_IF_ERROR(
        CheckNumber(spot, "questions", message.questions(), 10'000'000));
    CAIRN_RETURN_IF_ERROR(CheckNumber(spot, "days", message.days(), 366));
    Agreement::Budget budget;
    if (!message.data_set().empty()) {
      CAIRN_ASSIGN_OR_RETURN(budget.data_set,
                             Covered(spot, "data_set", -1, message.data_set()));
    }
    budget.questions = message.questions();
    budget.days = static_cast<int>(message.days());
    agreement_.budgets.push_back(budget);
    return absl::OkStatus();
  }

  absl::Status ReadClass(const v1::QueryClass& message, const Spot& spot) {
    Agreement::QueryClass read;
    if (!IsPersonId(message.id())) {
      return Wrong(spot, "id", -1, "id must be of lower-case letters");
    }
    for (const auto& other : agreement_.classes) {
      if (other.id != message.id()) continue;
      return Wrong(spot, "id", -1, "this class is there twice");
    }
    CAIRN_RETURN_IF_ERROR(CheckWords(spot, "title", message.title()));
    CAIRN_RETURN_IF_ERROR(
        CheckNumber(spot, "approvers", message.approvers(), 5));
    for (int i = 0; i < message.data_set_size(); ++i) {
      CAIRN_ASSIGN_OR_RETURN(const DataSet* data_set,
                             Covered(spot, "data_set", i, message.data_set(i)));
      read.data_sets.push_back(data_set);
    }
    for (int i = 0; i < message.variable_size(); ++i) {
      const bool known = std::any_of(
          agreement_.data_sets.begin(), agreement_.data_sets.end(),
          [&](const auto& terms) {
            return terms.data_set->FindVariable(message.variable(i)).ok();
          });
      if (!known) {
        return Wrong(spot, "variable", i,
                     "no data set of the agreement has this variable");
      }
      read.variables.push_back(message.variable(i));
    }
    read.id = message.id();
    read.title = message.title();
    read.first_use_of_crossing = message.first_use_of_crossing();
    read.outside_release_plan = message.outside_release_plan();
    read.approvers = static_cast<int>(message.approvers());
    read.one_from_agency = message.one_from_agency();
    read.result_too = message.result_too();
    agreement_.classes.push_back(std::move(read));
    return absl::OkStatus();
  }

  absl::Status ReadFile(const v1::FileReference& message, const Spot& spot,
                        Agreement::FileReference* file) const {
    CAIRN_RETURN_IF_ERROR(CheckWords(spot, "name", message.name()));
    CAIRN_RETURN_IF_ERROR(CheckDigest(spot, "sha256", message.sha256()));
    *file = {message.name(), message.sha256()};
    return absl::OkStatus();
  }

  absl::Status ReadFiles(const v1::Agreement& message, const Spot& spot) {
    if (!message.has_disclosure()) {
      return Wrong(spot, "disclosure", -1,
                   "disclosure is missing: the rule that hides small numbers");
    }
    CAIRN_RETURN_IF_ERROR(
        ReadFile(message.disclosure(),
                 spot.Inside("disclosure", -1, message.disclosure()),
                 &agreement_.disclosure));
    if (!message.has_release_plan()) return absl::OkStatus();
    agreement_.release_plan.emplace();
    return ReadFile(message.release_plan(),
                    spot.Inside("release_plan", -1, message.release_plan()),
                    &*agreement_.release_plan);
  }

  absl::Status ReadRest(const v1::Agreement& message, const Spot& spot) {
    if (!message.has_retention()) {
      return Wrong(spot, "retention", -1, "retention is missing");
    }
    const v1::Retention& kept = message.retention();
    const Spot inside = spot.Inside("retention", -1, kept);
    CAIRN_RETURN_IF_ERROR(
        CheckNumber(inside, "results_months", kept.results_months(), 600));
    CAIRN_RETURN_IF_ERROR(
        CheckNumber(inside, "ledger_years", kept.ledger_years(), 50));
    for (int i = 0; i < message.contact_size(); ++i) {
      const v1::Contact& contact = message.contact(i);
      const Spot at = spot.Inside("contact", i, contact);
      CAIRN_RETURN_IF_ERROR(CheckWords(at, "role", contact.role()));
      CAIRN_RETURN_IF_ERROR(CheckWords(at, "name", contact.name()));
      CAIRN_RETURN_IF_ERROR(CheckWords(at, "reach", contact.reach()));
      agreement_.contacts.push_back(
          {contact.role(), contact.name(), contact.reach()});
    }
    if (message.contact().empty()) {
      return Wrong(spot, "contact", -1, "an agreement names a contact");
    }
    CAIRN_RETURN_IF_ERROR(CheckNumber(spot, "report_incidents_within_hours",
                                      message.report_incidents_within_hours(),
                                      72));
    CAIRN_RETURN_IF_ERROR(CheckWords(spot, "on_ending", message.on_ending()));
    CAIRN_RETURN_IF_ERROR(
        CheckWords(spot, "right_of_audit", message.right_of_audit()));
    agreement_.results_months = static_cast<int>(kept.results_months());
    agreement_.ledger_years = static_cast<int>(kept.ledger_years());
    agreement_.report_incidents_within_hours =
        static_cast<int>(message.report_incidents_within_hours());
    agreement_.on_ending = message.on_ending();
    agreement_.right_of_audit = message.right_of_audit();
    return absl::OkStatus();
  }

  const std::string& path_;
  const Catalogue& catalogue_;
  Agreement agreement_;
};

}  // namespace

absl::StatusOr<Agreement> ParseAgreement(const std::string& path,
                                         const std::string& text,
                                         const Catalogue& catalogue) {
  return AgreementReader(path, catalogue).Read(text);
}

}  // namespace cairn
