#include "agent/own_database.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "agent/data_source.h"
#include "core/base/status_macros.h"
#include "core/link/text_config.h"

namespace cairn {
namespace {

constexpr uint32_t kMaxTimeout = 24 * 60 * 60;

// The keywords of a connection text. What stands in braces is a value.
std::vector<std::string> KeywordsOf(const std::string& connection) {
  std::vector<std::string> keywords = {""};
  bool in_braces = false, in_value = false;
  for (const char c : connection) {
    if (c == '{') in_braces = true;
    if (c == '}') in_braces = false;
    if (in_braces) continue;
    if (c == ';') {
      keywords.emplace_back();
      in_value = false;
    } else if (c == '=') {
      in_value = true;
    } else if (!in_value) {
      keywords.back() += absl::ascii_tolower(static_cast<unsigned char>(c));
    }
  }
  for (std::string& keyword : keywords) {
    absl::StripAsciiWhitespace(&keyword);
  }
  return keywords;
}

absl::StatusOr<std::string> Password(const OdbcSettings& settings) {
  if (!settings.password_environment.empty()) {
    const char* const value =
        std::getenv(settings.password_environment.c_str());
    if (value != nullptr && *value != '\0') return std::string(value);
    return absl::NotFoundError(
        absl::StrCat("the environment has no ", settings.password_environment,
                     ", from which the database's password is to come"));
  }
  CAIRN_RETURN_IF_ERROR(CheckSecretFile(settings.password_file));
  CAIRN_ASSIGN_OR_RETURN(const std::string text,
                         ReadFile(settings.password_file));
  const std::string line = text.substr(0, text.find_first_of("\r\n"));
  if (!line.empty()) return line;
  return absl::NotFoundError(
      absl::StrCat(settings.password_file,
                   ": its first line is to be the database's password"));
}

// What the driver manager is given; never to be written anywhere.
absl::StatusOr<std::string> WithPassword(const OdbcSettings& settings) {
  std::string connection = settings.connection;
  if (!absl::EndsWith(connection, ";")) connection += ";";
  if (settings.password_file.empty() && settings.password_environment.empty()) {
    return connection;
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string password, Password(settings));
  return absl::StrCat(connection, "PWD={",
                      absl::StrReplaceAll(password, {{"}", "}}"}}), "};");
}

}  // namespace

std::string SqlTable::In(const SqlDialect& dialect) const {
  std::vector<std::string> parts;
  for (const absl::string_view part : absl::StrSplit(table, '.')) {
    parts.push_back(dialect.Quote(part));
  }
  return absl::StrJoin(parts, ".");
}

absl::Status CheckOwnDatabase(const v1::OwnDatabase& config) {
  if (config.connection().empty() || config.table().empty()) {
    return absl::InvalidArgumentError(
        "database needs connection: \"DSN=..\" and table: \"..\"");
  }
  for (const unsigned char c : config.connection()) {
    if (absl::ascii_iscntrl(c)) {
      return absl::InvalidArgumentError(
          "database: connection has a line end or a control character");
    }
  }
  for (const std::string& keyword : KeywordsOf(config.connection())) {
    if (keyword != "pwd" && keyword != "password") continue;
    return absl::InvalidArgumentError(
        "database: connection has a password; put it alone into a file that "
        "only the agent may read, and write password_file: \"..\"");
  }
  if (!config.spread_by().empty() && !config.in_place()) {
    return absl::InvalidArgumentError(
        "database: spread_by is only for in_place: true");
  }
  if (config.timeout_seconds() > kMaxTimeout) {
    return absl::InvalidArgumentError(
        absl::StrCat("database: timeout_seconds is at most ", kMaxTimeout));
  }
  return absl::OkStatus();
}

OdbcSettings OdbcSettingsOf(const v1::OwnDatabase& config) {
  OdbcSettings settings;
  settings.connection = config.connection();
  settings.password_file = config.password_file();
  settings.password_environment = config.password_environment();
  settings.table = {config.table(), config.spread_by()};
  if (config.timeout_seconds() > 0) {
    settings.timeout = std::chrono::seconds(config.timeout_seconds());
  }
  return settings;
}

absl::StatusOr<ReadingConnection> ConnectToRead(const OdbcSettings& settings,
                                                const std::string& column,
                                                Fetch fetch) {
  CAIRN_ASSIGN_OR_RETURN(const std::string connection, WithPassword(settings));
  ReadingConnection made;
  CAIRN_ASSIGN_OR_RETURN(made.connection,
                         OdbcConnection::Open(connection, settings.timeout));
  CAIRN_ASSIGN_OR_RETURN(const std::string product, made.connection->Product());
  CAIRN_ASSIGN_OR_RETURN(made.dialect, SqlDialect::Of(product));
  for (const std::string& write :
       made.dialect.Writes(settings.table.In(made.dialect), column)) {
    CAIRN_RETURN_IF_ERROR(made.connection->MustRefuse(write, settings.timeout));
  }
  if (fetch == Fetch::kPieceWise && !made.dialect.piece_wise.empty()) {
    CAIRN_ASSIGN_OR_RETURN(
        made.connection,
        OdbcConnection::Open(connection + made.dialect.piece_wise,
                             settings.timeout));
  }
  return made;
}

absl::Status OfOwnDatabase(const absl::Status& error) {
  if (error.ok()) return error;
  if (absl::IsUnavailable(error)) {
    return TellInstead(error,
                       "cannot reach its own database now; ask again later");
  }
  if (absl::IsDeadlineExceeded(error)) {
    return TellInstead(error,
                       "had no answer from its own database in time; ask again "
                       "later, or a smaller question");
  }
  if (absl::IsAborted(error)) {
    return TellInstead(error,
                       "has a database whose records have changed since they "
                       "were last loaded; it answers again with its next load");
  }
  return TellInstead(error,
                     "cannot use its own database as it is; its steward finds "
                     "the reason in the agent's log");
}

}  // namespace cairn
