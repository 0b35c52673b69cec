#include "cli/ask.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "cli/result_csv.h"
#include "cli/result_csvw.h"
#include "cli/result_json.h"
#include "cli/result_text.h"
#include "cli/result_xlsx.h"
#include "core/base/clock.h"
#include "core/base/command_line.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/identity/session.h"
#include "core/identity/signed_question.h"
#include "core/link/signed_query.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

bool ColorWanted() {
  const char* no_color = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || !*no_color);
}

absl::StatusOr<uint32_t> ParseTimeout(const std::string& text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) ||
      duration < absl::Milliseconds(100) || duration > absl::Minutes(10)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--timeout: '", text.substr(0, 40),
                     "' is not a time such as 30s, between 100ms and 10m"));
  }
  return static_cast<uint32_t>(absl::ToInt64Milliseconds(duration));
}

// Labels of codes and variables, from the catalogue.
TableOptions OptionsFor(const v1::Result& result, const Catalogue& catalogue) {
  TableOptions options;
  options.width = static_cast<int>(TerminalWidth());
  options.color = ColorWanted();
  const auto data_set = catalogue.Find(result.query().data_set());
  if (!data_set.ok()) return options;
  for (const Dimension& dimension : (*data_set)->dimensions) {
    for (const Level& level : dimension.levels) {
      for (const Code& code : level.codes) {
        if (code.label != code.id) {
          options.labels[{level.variable, code.id}] = code.label;
        }
      }
    }
  }
  return options;
}

absl::StatusOr<std::string> Format(const v1::Result& result,
                                   const Catalogue& catalogue,
                                   const std::string& format, bool symbols) {
  if (format == "table") {
    return ResultToTable(result, OptionsFor(result, catalogue));
  }
  if (format == "csv") return ResultToCsv(result, symbols);
  if (format == "json") return ResultToJson(result);
  return ResultToJsonl(result);
}

int ExitOf(const v1::Result& result) {
  int answered = 0, refused = 0;
  for (const v1::AgencyOutcome& agency : result.agency()) {
    answered += agency.outcome() == v1::ANSWERED;
    refused += agency.outcome() == v1::REFUSED;
  }
  if (answered == result.agency_size()) return kExitComplete;
  return refused == result.agency_size() ? kExitRefused : kExitPartial;
}

// What a script's log should say when the data went elsewhere.
void SayWhoIsMissing(const v1::Result& result) {
  for (const v1::AgencyOutcome& agency : result.agency()) {
    if (agency.outcome() == v1::ANSWERED) continue;
    std::fprintf(stderr, "cairn: %s %s: %s\n", agency.agency().c_str(),
                 agency.outcome() == v1::REFUSED ? "refused" : "did not answer",
                 agency.reason().c_str());
  }
}

}  // namespace

absl::Status CheckOutput(const OutputFlags& flags) {
  CAIRN_RETURN_IF_ERROR(CheckDestination(flags));
  if (!flags.metadata) return absl::OkStatus();
  if (flags.file.empty() || flags.Format() != "csv") {
    return absl::InvalidArgumentError(
        "--metadata stands beside a CSV file; add -o csv --out FILE.csv");
  }
  if (flags.symbols) {
    return absl::InvalidArgumentError(
        "--metadata says that value is a number, --symbols puts text into it; "
        "use one of them");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::RunQueryRequest> MakeRequest(const AskFlags& flags,
                                                const Catalogue& catalogue) {
  v1::RunQueryRequest request;
  CAIRN_ASSIGN_OR_RETURN(const Plan plan,
                         ReadQuestion(catalogue, flags.question));
  *request.mutable_query() = ToProto(plan.query);
  CAIRN_ASSIGN_OR_RETURN(const uint32_t timeout_ms,
                         ParseTimeout(flags.timeout));
  request.set_timeout_ms(timeout_ms);
  if (!flags.split.empty() && flags.split != "agency") {
    return absl::InvalidArgumentError(
        absl::StrCat("--split ", flags.split.substr(0, 40),
                     ": only --split agency is there"));
  }
  request.set_split_by_agency(!flags.split.empty());
  if (!flags.agencies.empty() &&
      absl::StripAsciiWhitespace(flags.agencies).empty()) {
    return absl::InvalidArgumentError("--agencies: names no agency");
  }
  if (flags.agencies.empty()) return request;
  for (const absl::string_view id : absl::StrSplit(flags.agencies, ',')) {
    if (absl::StripAsciiWhitespace(id).empty()) {
      return absl::InvalidArgumentError(
          "--agencies: an agency is missing beside a comma");
    }
    request.add_agency(std::string(absl::StripAsciiWhitespace(id)));
  }
  return request;
}

absl::Status SignRequest(const v1::Description& description,
                         v1::RunQueryRequest* request) {
  const auto path = SessionPath();
  if (!path.ok() || access(path->c_str(), F_OK) != 0) return absl::OkStatus();
  const absl::Time now = SystemClock().Now();
  CAIRN_ASSIGN_OR_RETURN(const Session session, ReadSession(*path, now));
  CAIRN_ASSIGN_OR_RETURN(const Person person, PeekPerson(session.certificate));
  std::set<std::string> audience(request->agency().begin(),
                                 request->agency().end());
  std::set<std::string> agreements;
  const bool everybody = audience.empty();
  for (const auto& agency : description.agency()) {
    for (const v1::Holding& holding : agency.holding()) {
      if (holding.data_set() != request->query().data_set()) continue;
      if (everybody) audience.insert(agency.id());
      if (audience.count(agency.id()) == 0 || holding.agreement().empty()) {
        continue;
      }
      agreements.insert(holding.agreement());
    }
  }
  if (audience.empty()) return absl::OkStatus();  // nobody holds it
  SignedQuestion question;
  question.partnership = person.partnership;
  question.asker = person.id;
  question.audience = {audience.begin(), audience.end()};
  question.nonce = RandomBytes(kNonceBytes);
  question.issued = absl::FromUnixSeconds(ToUnixSeconds(now));
  question.expires = question.issued + kLongestQuestion;
  question.purpose = request->query().purpose();
  question.agreements = {agreements.begin(), agreements.end()};
  question.query = SpellQuery(request->query());
  CAIRN_ASSIGN_OR_RETURN(*request->mutable_signed_question(),
                         SignQuestion(session.key, question));
  request->set_asker_certificate(session.certificate);
  return absl::OkStatus();
}

absl::StatusOr<int> WriteResult(const v1::Result& result,
                                const Catalogue& catalogue,
                                const OutputFlags& flags) {
  CAIRN_RETURN_IF_ERROR(CheckOutput(flags));
  // Nobody gave a figure, by their own rule: there is no table to write. JSON
  // still says who refused and why.
  if (ExitOf(result) == kExitRefused && flags.format != "json") {
    SayWhoIsMissing(result);
    return kExitRefused;
  }
  const std::string format = flags.Format();
  if (format == "xlsx") {
    CAIRN_RETURN_IF_ERROR(WriteResultXlsx(result, flags.file));
  } else {
    CAIRN_ASSIGN_OR_RETURN(const std::string text,
                           Format(result, catalogue, format, flags.symbols));
    CAIRN_RETURN_IF_ERROR(WriteText(text, flags.file));
    if (flags.metadata) {
      CAIRN_RETURN_IF_ERROR(
          WriteText(ResultToCsvw(result, catalogue, flags.file),
                    absl::StrCat(flags.file, "-metadata.json")));
    }
  }
  if (format != "table" || !flags.file.empty()) SayWhoIsMissing(result);
  return ExitOf(result);
}

Progress::Progress() : shown_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  // The table says the same, and more: take the lines away again.
  if (shown_ && drawn_ > 0) {
    std::fprintf(stderr, "\033[%dA\033[J", static_cast<int>(drawn_));
  }
}

void Progress::Show(const v1::QueryEvent& event) {
  if (!shown_) return;
  if (event.has_started()) {
    for (const std::string& agency : event.started().agency()) {
      lines_.push_back({agency, "..."});
    }
  } else if (event.has_agency()) {
    for (Line& line : lines_) {
      if (line.agency != event.agency().agency()) continue;
      line.state =
          event.agency().outcome() == v1::ANSWERED
              ? absl::StrCat("answered in ", event.agency().elapsed_ms(), " ms")
          : event.agency().outcome() == v1::REFUSED ? "refused"
                                                    : "silent";
    }
  }
  Draw();
}

void Progress::Draw() {
  if (drawn_ > 0) std::fprintf(stderr, "\033[%dA", static_cast<int>(drawn_));
  for (const Line& line : lines_) {
    std::fprintf(stderr, "\033[K  %-24s %s\n", line.agency.c_str(),
                 line.state.c_str());
  }
  drawn_ = lines_.size();
}

}  // namespace cairn
