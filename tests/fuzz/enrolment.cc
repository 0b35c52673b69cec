// What an invited agency and the coordinator read from each other before they
// know each other, one reader a program (CAIRN_FUZZ_READER says which).
#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "agent/identity_folder.h"
#include "agent/renewal.h"
#include "coordinator/enrolment_desk.h"
#include "core/base/digest.h"
#include "core/base/log.h"
#include "core/link/translate.h"
#include "core/store/sqlite_ledger_store.h"
#include "tests/fuzz/enrolment_keys.h"
#include "tests/fuzz/fuzz_input.h"

namespace cairn {
namespace {

constexpr char kSecret[] = "a secret of ours";
constexpr char kUri[] = "spiffe://riverside/agent/police";

template <typename T>
T Made(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
  }
  Demand(value.ok(), "the readers can start");
  return *std::move(value);
}

std::string Write(const ScratchFolder& folder, const std::string& name,
                  const std::string& bytes) {
  const std::string path = folder.path() + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  chmod(path.c_str(), S_IRUSR | S_IWUSR);
  return path;
}

// A clock that stands: the invitation stays good for whoever used it first.
class StandingClock : public Clock {
 public:
  absl::Time Now() const override { return now_; }

 private:
  const absl::Time now_ = absl::Now();
};

// A coordinator that has invited the police, and nobody else.
class Desk {
 public:
  Desk() {
    const std::string root = Write(folder_, "root.pem", kFuzzRoot);
    settings_.config.mutable_enrolment()->set_authority(root);
    settings_.config.mutable_enrolment()->set_key(
        Write(folder_, "root.key", kFuzzRootKey));
    settings_.config.mutable_credentials()->set_certificate(root);
    settings_.config.mutable_credentials()->set_authority(root);
    auto catalogue = std::make_shared<Catalogue>();
    catalogue->partnership = "riverside";
    settings_.catalogue = catalogue;
    database_ = Made(
        Database::Open(folder_.path() + "/state.db", Database::Mode::kDurable));
    store_ = Made(SqliteLedgerStore::Create(database_.get()));
    ledger_ = Made(Ledger::Open(store_.get(), &clock_));
    desk_ = Made(EnrolmentDesk::Create(settings_, ledger_.get(),
                                       database_.get(), &clock_));
    Invitation invitation;
    invitation.agency = "police";
    invitation.secret_hash = Sha256(kSecret);
    invitation.expires = clock_.Now() + absl::Hours(1);
    Demand(Made(InvitationBook::Open(database_.get())).Put(invitation).ok(),
           "an invitation can be written");
  }

  EnrolmentDesk* operator->() { return desk_.get(); }
  uint64_t entries() const { return ledger_->size(); }

 private:
  const ScratchFolder folder_;
  StandingClock clock_;
  CoordinatorSettings settings_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<LedgerStore> store_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<EnrolmentDesk> desk_;
};

// A certificate is for whoever has the invitation's secret and asks first, for
// the key that signed the request, in the invited agency's name; each is in the
// ledger once; and whoever was let in may not attach before the words agree.
[[maybe_unused]] void FuzzRequest(absl::string_view input) {
  static Desk desk;
  static std::string winner;  // the key that came first
  v1::EnrolRequest asked;
  if (!ParseMessage(WireBytes<v1::EnrolRequest>(input), 16 << 10, &asked)
           .ok()) {
    return;
  }
  const uint64_t before = desk.entries();
  const auto pin = PinOfRequest(asked.request());
  const bool invited = asked.agency() == "police" && asked.secret() == kSecret;
  const bool first = winner.empty();
  const auto given = desk->Enrol(asked);
  Demand(given.ok() == (invited && pin.ok() && (first || winner == *pin)),
         "who is invited, and nobody else, gets a certificate");
  if (!given.ok()) {
    Demand(desk.entries() == before, "nothing is logged of who is refused");
    Demand(!given.status().message().empty(), "a refusal has words");
  } else {
    const CertificateFacts facts = Made(ReadCertificate(*given));
    Demand(facts.uris == std::vector<std::string>{kUri},
           "the name is the invited agency's");
    Demand(facts.key_pin == *pin, "the key is the one that asked");
    Demand(CheckChain(*given, kFuzzRoot, Side::kClient).ok(),
           "the certificate is a client's, by the authority");
    Demand(desk.entries() == before + (first ? 1 : 0),
           "each certificate is in the ledger once");
    winner = *pin;
  }
  Peer peer;
  peer.identity = {"riverside", "agent", "police"};
  peer.uri = kUri;
  peer.key_pin = winner;
  if (!winner.empty()) {
    Demand(absl::IsPermissionDenied(desk->CheckConfirmed(peer)),
           "nobody attaches before the words were compared");
  }
  peer.key_pin = std::string(32, 'x');
  Demand(!desk->Renew(peer, asked.request()).ok(),
         "only what came by enrolment is renewed");
}

// An identity comes in force only if it is the agency's own; else the one
// before stays.
[[maybe_unused]] void FuzzReply(absl::string_view input) {
  static const ScratchFolder state;
  static const IdentityFolder& folder = *new IdentityFolder(state.path());
  static const std::string own_pin =
      Made(PinOfRequest(Made(MakeRequest(kFuzzAgentKey))));
  v1::EnrolReply reply;
  if (!ParseMessage(WireBytes<v1::EnrolReply>(input), 64 << 10, &reply).ok()) {
    return;
  }
  const std::string& shown = reply.certificate();
  if (!EnrolledEntry("police", shown, "invitation").ok()) return;
  const auto link = state.path() + "/identity/current";
  std::error_code none;
  std::filesystem::create_directories(state.path() + "/identity", none);
  const auto before = std::filesystem::read_symlink(link, none);
  const PeerIdentity expected{"riverside", "agent", "police"};
  const absl::Status put =
      folder.Put(kFuzzAgentKey, shown, kFuzzRoot, expected);
  if (!put.ok()) {
    Demand(std::filesystem::read_symlink(link, none) == before,
           "what was refused changes nothing");
    return;
  }
  const CertificateFacts facts = Made(ReadCertificate(shown));
  Demand(facts.key_pin == own_pin, "the certificate is for the own key");
  Demand(facts.uris == std::vector<std::string>{kUri},
         "the certificate has the own name");
  Demand(CheckChain(shown, kFuzzRoot, Side::kClient).ok(),
         "the certificate comes from the root that the code names");
  Demand(Made(CheckCredentials(folder.Current())) == expected,
         "what is in force can be used");
}

// What somebody types: it is written in one way only.
[[maybe_unused]] void FuzzCode(absl::string_view input) {
  const auto code = ParseCode(input);
  if (!code.ok()) return;
  Demand(WriteCode(*code) == input, "a code has one spelling");
  Demand(code->secret.size() == 16 && code->root_pin.size() == 32,
         "a code has all its parts");
}

}  // namespace

// In the place of the one that writes to stderr, which is the fuzzer's.
void LogLine(absl::string_view,
             const std::vector<std::pair<std::string, std::string>>& fields) {
  for (const auto& [name, value] : fields) {
    Demand(!absl::StrContains(value, kSecret) || name == "agency",
           "no log has the secret");
  }
}

}  // namespace cairn

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cairn::CAIRN_FUZZ_READER(cairn::InputText(data, size));
  return 0;
}
