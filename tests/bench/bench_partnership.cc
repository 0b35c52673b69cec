#include "tests/bench/bench_partnership.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "core/base/status_macros.h"
#include "core/link/catalogue_file.h"
#include "core/link/channel.h"
#include "core/link/credentials.h"
#include "core/link/policy_file.h"
#include "core/link/x509.h"
#include "tests/bench/figures.h"

namespace cairn {
namespace {

// A port of 127.0.0.1 that nobody listens on now; 0 if there is none. Below
// those that the kernel hands out: while the program is away, an agent that
// dials it must not be given it.
int FreePort() {
  std::random_device random;
  std::uniform_int_distribution<int> any(20'000, 31'999);
  for (int i = 0; i < 100; ++i) {
    const int port = any(random);
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    const bool bound = bind(server, reinterpret_cast<sockaddr*>(&address),
                            sizeof(address)) == 0;
    close(server);
    if (bound) return port;
  }
  return 0;
}

// Runs in the child, which becomes the program or ends.
[[noreturn]] void Become(const std::string& program, const std::string& config,
                         const std::string& log) {
  prctl(PR_SET_PDEATHSIG,
        SIGKILL);  // it ends with the bench, however that ends
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  execl(program.c_str(), program.c_str(), "run", "--config", config.c_str(),
        nullptr);
  _exit(127);
}

std::string TextOf(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

std::string AgencyName(int number) {
  return absl::StrFormat("bench-%03d", number + 1);
}

// One key for all of them: only making keys and files would take longer.
absl::Status IssueAgents(const std::string& folder, int agents) {
  const Issuer issuer{TextOf(folder + "/ca.pem"), TextOf(folder + "/ca.key")};
  const std::string coordinator = TextOf(folder + "/coordinator.pem");
  CAIRN_ASSIGN_OR_RETURN(const CertificateFacts facts,
                         ReadCertificate(coordinator));
  const std::string uri = facts.uris.at(0);
  const std::string root = uri.substr(0, uri.rfind('/'));
  CAIRN_ASSIGN_OR_RETURN(const std::string key, MakeKey());
  CAIRN_ASSIGN_OR_RETURN(const std::string request, MakeRequest(key));
  const absl::Time now = absl::Now();
  for (int i = 0; i < agents; ++i) {
    const std::string name = AgencyName(i);
    CAIRN_ASSIGN_OR_RETURN(
        const std::string certificate,
        IssueCertificate(issuer, request, absl::StrCat(root, "/agent/", name),
                         now - absl::Minutes(5), now + absl::Hours(24)));
    const std::string base = absl::StrCat(folder, "/agent-", name);
    std::ofstream(base + ".pem") << certificate;
    std::ofstream(base + ".key") << key;
    if (chmod((base + ".key").c_str(), 0600) != 0) {
      return absl::InternalError(base + ".key: cannot be written");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<BenchPartnership>> BenchPartnership::Start(
    Options options) {
  std::unique_ptr<BenchPartnership> partnership(
      new BenchPartnership(std::move(options)));
  CAIRN_ASSIGN_OR_RETURN(partnership->catalogue_,
                         ReadCatalogue(partnership->options_.catalogue));
  CAIRN_ASSIGN_OR_RETURN(const DisclosurePolicy policy,
                         ReadPolicy(partnership->options_.policy));
  CAIRN_ASSIGN_OR_RETURN(
      partnership->table_,
      MakeBenchAnswer(*partnership->catalogue_, {"month", "age_core"}, policy));
  CAIRN_ASSIGN_OR_RETURN(partnership->count_,
                         MakeBenchAnswer(*partnership->catalogue_, {}, policy));
  CAIRN_RETURN_IF_ERROR(partnership->WriteConfig());
  CAIRN_RETURN_IF_ERROR(partnership->MakeAgents());
  CAIRN_RETURN_IF_ERROR(partnership->StartProgram());
  CAIRN_RETURN_IF_ERROR(partnership->Connect());
  CAIRN_RETURN_IF_ERROR(partnership->AwaitProgram());
  const Stopwatch joining;
  partnership->agents_->Start();
  CAIRN_RETURN_IF_ERROR(partnership->AwaitAgents());
  partnership->join_ms_ = joining.Ms();
  return partnership;
}

v1::Credentials BenchPartnership::CredentialsOf(const std::string& name) const {
  v1::Credentials files;
  const std::string base = absl::StrCat(options_.certificates, "/", name);
  files.set_certificate(base + ".pem");
  files.set_key(base + ".key");
  files.set_authority(options_.certificates + "/ca.pem");
  return files;
}

absl::Status BenchPartnership::WriteConfig() {
  if (mkdir(options_.folder.c_str(), 0700) != 0) {
    return absl::InternalError(
        absl::StrCat(options_.folder, ": cannot be made"));
  }
  port_ = FreePort();
  v1::CoordinatorConfig config;
  config.set_listen(absl::StrCat("127.0.0.1:", port_));
  *config.mutable_credentials() = CredentialsOf("coordinator");
  config.set_state_dir(options_.folder + "/state");
  config.set_catalogue(options_.catalogue);
  for (int i = 0; i < options_.agents; ++i) {
    auto* member = config.add_agency();
    member->set_id(AgencyName(i));
    member->set_name(AgencyName(i));
    member->set_kind("police");
    member->add_data_set(kBenchDataSet);
  }
  std::ofstream(options_.folder + "/coordinator.textproto")
      << config.DebugString();
  return absl::OkStatus();
}

absl::Status BenchPartnership::StartProgram() {
  const std::string path = options_.folder + "/coordinator.textproto";
  const std::string log = options_.folder + "/coordinator.log";
  program_ = fork();
  if (program_ == 0) Become(options_.program, path, log);
  if (program_ < 0) return absl::InternalError("fork failed");
  return absl::OkStatus();
}

absl::Status BenchPartnership::MakeAgents() {
  const DataSet* data_set = *catalogue_->Find(kBenchDataSet);
  BenchAgents::Options agents;
  agents.target = absl::StrCat("127.0.0.1:", port_);
  v1::Hello* hello = agents.hello.mutable_hello();
  hello->set_protocol_version(1);
  hello->set_catalogue_digest(catalogue_->digest);
  v1::Holding* holding = hello->add_holding();
  holding->set_data_set(kBenchDataSet);
  holding->set_epoch("bench");
  *holding->mutable_rule() = table_.answer.tables().table(0).rule();
  for (const std::string& month : data_set->months) holding->add_month(month);
  const std::string counted = count_.query.SerializeAsString();
  agents.answer = [this, counted](const v1::Ask& ask) {
    return ask.query() == counted ? count_.answer : table_.answer;
  };
  for (int i = 0; i < options_.agents; ++i) {
    CAIRN_ASSIGN_OR_RETURN(auto credentials,
                           MakeChannelCredentials(CredentialsOf(
                               absl::StrCat("agent-", AgencyName(i)))));
    agents.credentials.push_back(std::move(credentials));
  }
  agents_ = std::make_unique<BenchAgents>(std::move(agents));
  return absl::OkStatus();
}

absl::Status BenchPartnership::Connect() {
  CAIRN_ASSIGN_OR_RETURN(
      const auto credentials,
      MakeChannelCredentials(CredentialsOf("analyst-bench")));
  analyst_ = v1::QueryService::NewStub(
      MakeChannel(absl::StrCat("127.0.0.1:", port_), credentials));
  return absl::OkStatus();
}

absl::Status BenchPartnership::AwaitAgents() {
  const Stopwatch watch;
  while (watch.Ms() < 1000 * options_.attach_seconds) {
    // Looked at here: asking the coordinator again and again would slow it.
    if (agents_->welcomed() == static_cast<size_t>(options_.agents)) {
      return CheckAttached();
    }
    if (waitpid(program_, nullptr, WNOHANG) != 0) {
      program_ = -1;
      return absl::InternalError(
          absl::StrCat("the coordinator ended by itself; see ", options_.folder,
                       "/coordinator.log"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CAIRN_RETURN_IF_ERROR(CheckAttached());
  return absl::DeadlineExceededError("not every agent was welcomed");
}

absl::StatusOr<v1::Description> BenchPartnership::Describe() {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(30));
  v1::Envelope response;
  const grpc::Status status = analyst_->Describe(&context, {}, &response);
  if (!status.ok()) return ToAbslStatus(status);
  v1::Description description;
  description.ParseFromString(response.message());
  return description;
}

absl::Status BenchPartnership::CheckAttached() {
  CAIRN_ASSIGN_OR_RETURN(const v1::Description description, Describe());
  int attached = 0;
  for (const auto& agency : description.agency()) {
    attached += agency.attached() ? 1 : 0;
  }
  if (attached == options_.agents) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat(attached, " of ", options_.agents, " agents are attached"));
}

absl::StatusOr<BenchPartnership::Back> BenchPartnership::Restart(int down_ms) {
  agents_->ForgetWelcomes();
  kill(program_, SIGKILL);
  waitpid(program_, nullptr, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(down_ms));
  const auto start = std::chrono::steady_clock::now();
  CAIRN_RETURN_IF_ERROR(StartProgram());
  CAIRN_RETURN_IF_ERROR(AwaitAgents());
  const auto since = [start](const BenchAgents::Moments& moments) {
    std::vector<double> ms;
    for (const auto at : moments) {
      ms.push_back(
          std::chrono::duration<double, std::milli>(at - start).count());
    }
    return ms;
  };
  Back back;
  back.dialled_ms = since(agents_->dials());
  back.welcomed_ms = since(agents_->welcomes());
  back.all_ms = Quantile(back.welcomed_ms, 1);
  return back;
}

double BenchPartnership::ProgramMs() const {
  std::ifstream file(absl::StrCat("/proc/", program_, "/stat"));
  std::string text;
  std::getline(file, text);
  // Fields 14 and 15; the name, field 2, may have spaces.
  const std::vector<std::string> fields =
      absl::StrSplit(text.substr(std::min(text.rfind(')'), text.size())), ' ');
  double ticks = 0, one = 0;
  for (size_t i = 12; i < 14 && i < fields.size(); ++i) {
    if (absl::SimpleAtod(fields[i], &one)) ticks += one;
  }
  return 1000 * ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double BenchPartnership::ResidentMb() const {
  std::ifstream status(absl::StrCat("/proc/", program_, "/status"));
  std::string word;
  double kilobytes = 0;
  while (status >> word) {
    if (word == "VmRSS:") status >> kilobytes;
  }
  return kilobytes / 1024;
}

absl::StatusOr<BenchPartnership::Times> BenchPartnership::Ask(What what) {
  v1::RunQueryRequest request;
  *request.mutable_query() = what == What::kCount ? count_.query : table_.query;
  for (int i = 0; i < asked(); ++i) request.add_agency(AgencyName(i));
  v1::Envelope envelope;
  envelope.set_message(request.SerializeAsString());
  agents_->TakeSlowestMs();
  std::vector<std::string> events;
  Times times;
  const Stopwatch watch;
  {
    grpc::ClientContext context;
    const auto reader = analyst_->RunQuery(&context, envelope);
    v1::Envelope event;
    while (reader->Read(&event)) events.push_back(event.message());
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return ToAbslStatus(status);
  }
  times.all_ms = watch.Ms();
  times.slowest_ms = agents_->TakeSlowestMs();
  CAIRN_RETURN_IF_ERROR(CheckResult(events));
  return times;
}

absl::Status BenchPartnership::CheckResult(
    const std::vector<std::string>& events) const {
  int answered = 0;
  std::string reason = "no result came";
  for (const std::string& bytes : events) {
    v1::QueryEvent event;
    event.ParseFromString(bytes);
    if (!event.has_result()) continue;
    for (const v1::AgencyOutcome& agency : event.result().agency()) {
      answered += agency.outcome() == v1::ANSWERED ? 1 : 0;
      if (agency.outcome() != v1::ANSWERED) reason = agency.reason();
    }
  }
  if (answered == asked()) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat(answered, " of ", asked(), " agents answered: ", reason));
}

BenchPartnership::~BenchPartnership() {
  agents_.reset();
  analyst_.reset();
  if (program_ <= 0) return;
  kill(program_, SIGTERM);
  const Stopwatch watch;
  while (waitpid(program_, nullptr, WNOHANG) == 0) {
    if (watch.Ms() > 5'000) kill(program_, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace cairn
