// cairn: for analysts, stewards and auditors. Flags to one call, Status to exit
// code.

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "cli/ask.h"
#include "cli/attack_table.h"
#include "cli/audit.h"
#include "cli/catalogue_dcat.h"
#include "cli/client.h"
#include "cli/listing.h"
#include "cli/people.h"
#include "cli/protect_table.h"
#include "core/base/command_line.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/link/catalogue_file.h"

namespace cairn {
namespace {

constexpr char kProgram[] = "cairn";
constexpr char kExitCodes[] =
    "0    complete answer\n"
    "1    failed; audit: the ledger does not hold, or ledgers differ\n"
    "2    usage, filter or configuration error (position shown)\n"
    "3    partial: at least one asked agency did not answer\n"
    "4    not signed in, or not allowed\n"
    "5    refused by a disclosure rule or by an agency's policy; attack: a "
    "cell\n"
    "     is too narrow\n"
    "130  interrupted\n";

struct Flags {
  std::string profile, data_set, query_id, audit_folder;
  AskFlags ask;
  OutputFlags output;
  ProtectFlags protect;
  AttackFlags attack;
  AuditFlags audit;
  PeopleFlags people;
  bool mine = false;
  int limit = 50;
};

absl::StatusOr<int> PrintListing(const Listing& listing, const Flags& flags) {
  CAIRN_RETURN_IF_ERROR(WriteListing(listing, flags.output));
  return kExitComplete;
}

// The coordinator's description, with its catalogue checked here too.
struct Known {
  std::unique_ptr<Client> client;
  v1::Description description;
  std::shared_ptr<const Catalogue> catalogue;
};

absl::StatusOr<Known> Connect(const Flags& flags) {
  Known known;
  CAIRN_ASSIGN_OR_RETURN(known.client, Client::Create(flags.profile));
  CAIRN_ASSIGN_OR_RETURN(known.description, known.client->Describe());
  CAIRN_ASSIGN_OR_RETURN(known.catalogue,
                         MakeCatalogue(known.description.catalogue()));
  return known;
}

absl::StatusOr<int> Query(const Flags& flags) {
  CAIRN_RETURN_IF_ERROR(CheckOutput(flags.output));
  CAIRN_ASSIGN_OR_RETURN(const Known known, Connect(flags));
  CAIRN_ASSIGN_OR_RETURN(v1::RunQueryRequest request,
                         MakeRequest(flags.ask, *known.catalogue));
  CAIRN_RETURN_IF_ERROR(SignRequest(known.description, &request));
  absl::StatusOr<v1::Result> result;
  {
    Progress progress;
    result = known.client->Ask(
        request, [&progress](const v1::QueryEvent& e) { progress.Show(e); });
  }
  if (!result.ok()) return result.status();
  return WriteResult(*result, *known.catalogue, flags.output);
}

absl::StatusOr<int> DataSets(const Flags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const Known known, Connect(flags));
  if (flags.output.format == "dcat") {
    CAIRN_RETURN_IF_ERROR(
        WriteText(CatalogueToDcat(known.description, *known.catalogue),
                  flags.output.file));
    return kExitComplete;
  }
  return PrintListing(ListDataSets(known.description, *known.catalogue), flags);
}

absl::StatusOr<int> Describe(const Flags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const Known known, Connect(flags));
  CAIRN_ASSIGN_OR_RETURN(const DataSet* data_set,
                         known.catalogue->Find(flags.data_set));
  if (flags.output.Format() == "table" && flags.output.file.empty()) {
    CAIRN_RETURN_IF_ERROR(PrintOut(
        absl::StrCat(DescribeDataSet(known.description, *data_set), "\n")));
  }
  return PrintListing(ListVariables(known.description, *data_set), flags);
}

absl::StatusOr<int> Agencies(const Flags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const Known known, Connect(flags));
  return PrintListing(ListAgencies(known.description, *known.catalogue), flags);
}

absl::StatusOr<int> History(const Flags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client,
                         Client::Create(flags.profile));
  CAIRN_ASSIGN_OR_RETURN(const v1::History history,
                         client->History(flags.mine, flags.limit));
  return PrintListing(ListHistory(history), flags);
}

// `show` and `export` give the answer as it was given then; that it was partial
// is said, but is no failure of this call.
absl::StatusOr<int> Fetch(const Flags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const Known known, Connect(flags));
  CAIRN_ASSIGN_OR_RETURN(const v1::Result result,
                         known.client->Fetch(flags.query_id));
  CAIRN_RETURN_IF_ERROR(
      WriteResult(result, *known.catalogue, flags.output).status());
  return kExitComplete;
}

absl::StatusOr<int> ProtectIt(const Flags& flags) {
  return ProtectTable(flags.protect);
}

absl::StatusOr<int> AttackIt(const Flags& flags) {
  return AttackTable(flags.attack);
}

// A folder, or the coordinator's own ledger.
template <absl::Status (*work)(AuditSource*, const AuditFlags&)>
absl::StatusOr<int> Audit(const Flags& flags) {
  std::unique_ptr<AuditSource> source;
  if (flags.audit_folder.empty()) {
    CAIRN_ASSIGN_OR_RETURN(source, CoordinatorLedger(flags.profile));
  } else {
    source = FolderSource(flags.audit_folder);
  }
  CAIRN_RETURN_IF_ERROR(work(source.get(), flags.audit));
  return kExitComplete;
}

absl::StatusOr<int> LogIn(const Flags& flags) { return Login(flags.people); }

absl::StatusOr<int> LogOut(const Flags&) { return Logout(); }

absl::StatusOr<int> Certify(const Flags& flags) {
  return CertifyOne(flags.people);
}

absl::StatusOr<int> ShowCertificate(const Flags& flags) {
  return ShowPerson(flags.people);
}

absl::StatusOr<int> ExitCodes(const Flags&) {
  CAIRN_RETURN_IF_ERROR(PrintOut(kExitCodes));
  return kExitComplete;
}

void AddOutput(CLI::App* command, Flags* flags) {
  command->add_option("-o,--output", flags->output.format,
                      "table, csv, json, jsonl or xlsx (table on a terminal, "
                      "else csv)");
  command->add_option("--out", flags->output.file, "Write to this file");
  command->add_flag("--symbols", flags->output.symbols,
                    "csv: [c] and [x] in the value column, for people");
}

void AddMetadata(CLI::App* command, Flags* flags) {
  command->add_flag("--metadata", flags->output.metadata,
                    "csv, with --out FILE: what the columns mean (CSVW), as "
                    "FILE-metadata.json");
}

void AddQueryFlags(CLI::App* command, Flags* flags) {
  AskFlags& ask = flags->ask;
  command->add_option("--from", ask.question.from, "Data set")->required();
  command->add_option("--by", ask.question.by,
                      "Variables to cross, comma separated, at most 4");
  command->add_option("--measure", ask.question.measures,
                      "count (default), distinct_persons, sum:VAR or mean:VAR; "
                      "may be repeated");
  command->add_option("--where", ask.question.where,
                      "Filter, as in a SQL WHERE: age < 25 AND weapon = "
                      "'KNIFE'");
  command->add_option("--agencies", ask.agencies,
                      "Only these, comma separated");
  command->add_option("--split", ask.split, "agency: side by side, not added");
  command->add_option("--purpose", ask.question.purpose,
                      "What it is for: a purpose of the catalogue");
  command->add_option("--timeout", ask.timeout, "Wait at most this long")
      ->capture_default_str();
}

// What `protect` and `attack` have in common.
template <typename TableFlags>
CLI::Option* AddTableFlags(CLI::App* command, TableFlags* flags) {
  command
      ->add_option("table", flags->table,
                   "CSV, one row per cell, margins as Total")
      ->required();
  command
      ->add_option("--dims", flags->dims,
                   "Its dimension columns, comma separated, at most 4")
      ->required();
  command->add_option("--hierarchy", flags->hierarchy,
                      "CSV dim,tree,parent,child: which codes add up to which "
                      "(default: all of a dimension to Total)");
  command->add_option("-o,--output", flags->format,
                      "table, csv or json (table on a terminal, else csv)");
  command->add_option("--out", flags->file, "Write to this file");
  return command->add_option("--policy", flags->policy,
                             "The rule, as policies/standard.textproto");
}

void AddProtectFlags(CLI::App* command, ProtectFlags* flags) {
  AddTableFlags(command, flags)->required();
  command->add_option("--count", flags->count, "Its column of counts")
      ->required();
  command->add_option("--persons", flags->persons,
                      "Its column of distinct persons, for minimum_persons");
  command->add_flag("--exact-only", flags->exact_only,
                    "Only keep hidden cells from being exactly known");
  command->add_flag(
      "--prune", flags->prune,
      "Hide less: show complements again, and search several times; slower");
  command->footer(
      "Cells that the table does not list are 0, margins that it does not list "
      "are\nadded up; all are written.\n"
      "Example:\n"
      "  cairn protect counts.csv --dims ward,age --count n \\\n"
      "      --policy policies/standard.textproto --out safe.csv\n");
}

void AddAttackFlags(CLI::App* command, AttackFlags* flags) {
  AddTableFlags(command, flags);
  command->add_flag("--no-complements", flags->no_complements,
                    "Every hidden cell is a small one of the policy");
  command->add_flag("--knows-marks", flags->knows_marks,
                    "Use also that `cairn protect` leaves only complements "
                    "without an upper limit");
  command
      ->add_option("--effort", flags->effort,
                   "Look so many times longer for narrow cells")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->footer(
      "Reads the columns value, status, low and high; value alone will do, "
      "with "
      "hidden\ncells empty, [c], c or *. Cells that the table does not list "
      "are "
      "unknown.\n"
      "Verdicts: exact, narrow (both: exit 5), ok, unresolved.\n"
      "Example:\n"
      "  cairn attack safe.csv --dims ward,age \\\n"
      "      --policy policies/standard.textproto\n");
}

template <typename Add>
void AddAudit(CLI::App* app, const Add& add, Flags* flags) {
  CLI::App* audit = app->add_subcommand(
      "audit", "The coordinator's ledger, or an exported one");
  audit->require_subcommand(1);
  const auto add_folder = [flags](CLI::App* command) {
    command->add_option("folder", flags->audit_folder,
                        "An export (default: ask the coordinator)");
    return command;
  };
  CLI::App* verify =
      add_folder(add(audit, "verify",
                     "Check every entry, first to last, and every "
                     "signature",
                     Audit<AuditVerify>));
  AddAuditKeys(verify, &flags->audit);
  AddAuditOutput(verify, &flags->audit);
  AddAuditList(add_folder(add(audit, "list",
                              "What was asked, by whom, and what became of it",
                              Audit<AuditList>)),
               &flags->audit);
  CLI::App* show = add(audit, "show", "All that is on record of one question",
                       Audit<AuditShow>);
  show->add_option("query_id", flags->audit.query_id, "Its id")->required();
  AddAuditOutput(add_folder(show), &flags->audit);
  CLI::App* reconcile =
      add(audit, "reconcile",
          "Hold the coordinator's ledger against the agencies', both ways",
          Audit<AuditReconcile>);
  reconcile
      ->add_option("--agent", flags->audit.agents,
                   "An export of an agency's ledger; may be repeated")
      ->required();
  reconcile->add_option("--coordinator", flags->audit_folder,
                        "An export of the coordinator's (default: ask it)");
  AddAuditKeys(reconcile, &flags->audit);
  AddAuditOutput(reconcile, &flags->audit);
  CLI::App* to_folder =
      add(audit, "export", "Write the coordinator's ledger to a folder",
          Audit<AuditExport>);
  to_folder->add_option("folder", flags->audit.folder, "An empty folder")
      ->required();
  to_folder->add_option("--keys", flags->audit.keys,
                        "File of keys to put beside it, as keys.txt");
}

void AddLoginFlags(CLI::App* command, PeopleFlags* flags) {
  command->add_option("--key", flags->key, "Your key file")->required();
  command->add_option("--certificate", flags->certificate,
                      "Your certificate, from the people authority");
  command->add_option("--pin-file", flags->pin_file,
                      "Read the PIN from its first line (default: type it)");
  command->add_option("--hours", flags->hours, "How long the session lasts")
      ->capture_default_str()
      ->check(CLI::Range(1, 10));
  command->add_flag("--new", flags->make_new,
                    "Make a new key under a new PIN, and its .pub beside it");
  command->footer(
      "Examples:\n"
      "  cairn login --new --key me.key\n"
      "  cairn login --key me.key --certificate me.person\n");
}

void AddCertifyFlags(CLI::App* command, PeopleFlags* flags) {
  command->add_option("--authority", flags->key, "The authority's key file")
      ->required();
  command->add_option("--partnership", flags->partnership, "Its name")
      ->required();
  command->add_option("--person", flags->person, "An id that is not a name")
      ->required();
  command
      ->add_option("--organisation", flags->organisation,
                   "An agency's id, or another one's")
      ->required();
  command
      ->add_option("--role", flags->roles,
                   "analyst, steward, approver, auditor or operator; may be "
                   "repeated")
      ->required();
  command->add_option("--public-key", flags->public_key, "Their .pub file")
      ->required();
  command->add_option("--days", flags->days, "How long it is valid")
      ->capture_default_str()
      ->check(CLI::Range(1, 400));
  command->add_option("--out", flags->out, "Write the certificate here")
      ->required();
  command->add_option("--pin-file", flags->pin_file,
                      "Read the PIN from its first line (default: type it)");
}

// A mistyped command gets the nearest one, not "a subcommand is required".
absl::Status CheckCommand(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return absl::OkStatus();
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == argv[1]) return absl::OkStatus();
    names.push_back(command->get_name());
  }
  const std::string given = PrintableUtf8(std::string(argv[1]).substr(0, 40));
  const std::string near = Nearest(given, names);
  return absl::InvalidArgumentError(
      absl::StrCat("there is no command '", given, "'",
                   near.empty() ? "; see: cairn --help"
                                : absl::StrCat("; did you mean ", near, "?")));
}

int Main(int argc, char** argv) {
  // gRPC's own lines on stderr are not for an analyst.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  CLI::App app{
      "Cairn: ask the agencies of a partnership one question, and get one "
      "honest table.\n\n"
      "Examples:\n"
      "  cairn datasets\n"
      "  cairn describe police_incidents\n"
      "  cairn query --from police_incidents --by lad,month --purpose "
      "needs_assessment\n"
      "  cairn query --from police_incidents --by lad \\\n"
      "      --where \"weapon = 'KNIFE' AND age < 25\" --purpose "
      "needs_assessment\n"
      "  cairn query --from ed_attendances --by age_core --split agency -o csv "
      "\\\n      --purpose needs_assessment\n"
      "  cairn history --mine\n"
      "  cairn export q-20260101-0123456789 -o xlsx --out answer.xlsx\n"
      "  cairn protect counts.csv --dims ward,age --count n \\\n"
      "      --policy policies/standard.textproto --out safe.csv\n"
      "  cairn attack safe.csv --dims ward,age\n"
      "  cairn audit verify EXPORT --keys ledger-keys.textproto\n"
      "  cairn audit reconcile --agent POLICE-EXPORT\n",
      kProgram};
  app.require_subcommand(1);
  Flags flags;
  absl::StatusOr<int> exit_code = kExitFailed;
  app.add_option("--profile", flags.profile,
                 "Profile file (default: the one CAIRN_PROFILE names)");
  const auto add_to = [&](CLI::App* parent, const char* name, const char* what,
                          absl::StatusOr<int> (*work)(const Flags&)) {
    CLI::App* command = parent->add_subcommand(name, what);
    command->callback([&exit_code, &flags, work] { exit_code = work(flags); });
    return command;
  };
  const auto add = [&](const char* name, const char* what,
                       absl::StatusOr<int> (*work)(const Flags&)) {
    return add_to(&app, name, what, work);
  };
  CLI::App* query = add("query", "Ask a question", Query);
  AddQueryFlags(query, &flags);
  AddOutput(query, &flags);
  AddMetadata(query, &flags);
  CLI::App* data_sets = add("datasets", "What can be asked", DataSets);
  AddOutput(data_sets, &flags);
  data_sets->get_option("--output")
      ->description(
          "table, csv, json, jsonl, xlsx, or dcat: all agencies' data sets as "
          "DCAT "
          "3, JSON-LD");
  CLI::App* describe =
      add("describe", "Variables and codes of a data set", Describe);
  describe->add_option("data_set", flags.data_set, "Data set")->required();
  AddOutput(describe, &flags);
  AddOutput(add("agencies", "Of whom, how fresh, under which rule", Agencies),
            &flags);
  CLI::App* history = add("history", "Questions that were asked", History);
  history->add_flag("--mine", flags.mine, "Only my own");
  history->add_option("--limit", flags.limit, "At most this many")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  AddOutput(history, &flags);
  for (const char* name : {"show", "export"}) {
    CLI::App* fetch = add(name, "An earlier answer, as it was given", Fetch);
    fetch->add_option("query_id", flags.query_id, "Its id")->required();
    AddOutput(fetch, &flags);
    AddMetadata(fetch, &flags);
  }
  AddProtectFlags(
      add("protect", "Hide and round a table of counts for release", ProtectIt),
      &flags.protect);
  AddAttackFlags(
      add("attack", "What anyone can infer from a published table", AttackIt),
      &flags.attack);
  AddAudit(&app, add_to, &flags);
  AddLoginFlags(add("login", "Unlock your key for a while, or make one", LogIn),
                &flags.people);
  add("logout", "End the session before its time", LogOut);
  CLI::App* people =
      app.add_subcommand("people", "Who may do what; works without a network");
  people->require_subcommand(1);
  CLI::App* certify = people->add_subcommand(
      "certify", "Vouch for a person with the people authority's key");
  certify->callback([&] { exit_code = Certify(flags); });
  AddCertifyFlags(certify, &flags.people);
  CLI::App* person = people->add_subcommand("show", "What a certificate says");
  person->callback([&] { exit_code = ShowCertificate(flags); });
  person->add_option("certificate", flags.people.certificate, "Its file")
      ->required();
  person->add_option("--authority", flags.people.public_key,
                     "The people authority's .pub file, to check it");
  CLI::App* help = app.add_subcommand("help", "More help");
  help->require_subcommand(1);
  help->add_subcommand("exit-codes", "What the exit codes mean")->callback([&] {
    exit_code = ExitCodes(flags);
  });
  const absl::Status known = CheckCommand(app, argc, argv);
  if (!known.ok()) return Fail(kProgram, known);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitComplete : kExitUsage;
  }
  return exit_code.ok() ? *exit_code : Fail(kProgram, exit_code.status());
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) { return cairn::Main(argc, argv); }
