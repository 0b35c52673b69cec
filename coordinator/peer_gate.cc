#include "coordinator/peer_gate.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/digest.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/link/text_config.h"
#include "core/link/x509.h"

namespace cairn {
namespace {

constexpr char kAgent[] = "agent";
// From the handshake to the first call on the connection.
constexpr absl::Duration kVouchedFor = absl::Seconds(10);
// Connections that make no call are forgotten, at the latest, at so many: the
// calls of those who were forgotten are checked in full.
constexpr size_t kMaxVouched = 16'384;
// So long a chain that was checked at a call is not checked again at the next:
// but for its certificate's end, which is looked at each time, nothing in it
// changes. Reading it takes longer than all else of a call.
constexpr absl::Duration kKnownFor = absl::Minutes(1);
constexpr size_t kMaxKnown = 1'024;

absl::Status WrongRole(const Peer& peer, const std::string& roles) {
  return absl::PermissionDeniedError(
      absl::StrCat("a certificate of role ", peer.identity.role,
                   " may not make this call; it is for: ", roles));
}

absl::Status CheckRole(const Peer& peer, const std::vector<Call>& calls) {
  const auto role = ParseRole(peer.identity.role);
  std::vector<std::string> names;
  for (const Call call : calls) {
    if (role.ok() && May({*role}, call)) return absl::OkStatus();
    for (const Role one : RolesFor(call)) names.emplace_back(NameOf(one));
  }
  return WrongRole(peer, absl::StrJoin(names, ", "));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PeerGate>> PeerGate::Create(
    const CoordinatorSettings& settings, Ledger* ledger, Database* database,
    const Clock* clock) {
  CAIRN_ASSIGN_OR_RETURN(std::string authority,
                         ReadFile(settings.config.credentials().authority()));
  CAIRN_RETURN_IF_ERROR(database->Execute(
      "CREATE TABLE IF NOT EXISTS denied(line TEXT PRIMARY KEY)"));
  std::unique_ptr<PeerGate> gate(
      new PeerGate(settings, std::move(authority), ledger, database, clock));
  CAIRN_RETURN_IF_ERROR(gate->ReadList().status());
  CAIRN_RETURN_IF_ERROR(gate->ReadLogged());
  CAIRN_RETURN_IF_ERROR(gate->Look());
  return gate;
}

absl::Status PeerGate::ReadLogged() {
  MutexLock lock(&look_mutex_);
  CAIRN_ASSIGN_OR_RETURN(Statement select,
                         database_->Prepare("SELECT line FROM denied"));
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return absl::OkStatus();
    logged_.insert(select.Text(0));
  }
}

absl::StatusOr<DenyList> PeerGate::ReadList() const {
  if (list_path_.empty()) return DenyList();
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(list_path_));
  auto list = DenyList::Parse(text);
  if (list.ok()) return list;
  return absl::InvalidArgumentError(
      absl::StrCat(list_path_, ": ", list.status().message()));
}

absl::Status PeerGate::AdmitConnection(const std::string& chain) {
  const absl::Status comes = chain.empty()
                                 ? absl::UnauthenticatedError("none")
                                 : CheckChain(chain, authority_, Side::kClient);
  if (!comes.ok()) {
    LogLine(
        "connection.refused",
        {{"reason", absl::StrCat("the certificate shown: ", comes.message())}});
    return comes;
  }
  MutexLock lock(&mutex_);
  if (vouched_.size() >= kMaxVouched) vouched_.clear();
  vouched_[Sha256(chain)] = clock_->Now() + kVouchedFor;
  return comes;
}

bool PeerGate::TakeVouched(const std::string& chain) {
  MutexLock lock(&mutex_);
  const auto found = vouched_.find(Sha256(chain));
  if (found == vouched_.end()) return false;
  const bool fresh = clock_->Now() < found->second;
  vouched_.erase(found);
  return fresh;
}

absl::StatusOr<Peer> PeerGate::Verify(const std::string& chain) {
  const std::string digest = Sha256(chain);
  const absl::Time now = clock_->Now();
  {
    MutexLock lock(&mutex_);
    const auto found = checked_.find(digest);
    if (found != checked_.end() && now >= found->second.at &&
        now < found->second.at + kKnownFor) {
      return found->second.peer;
    }
  }
  CAIRN_ASSIGN_OR_RETURN(Peer peer,
                         VerifyPeer(chain, authority_, partnership_));
  MutexLock lock(&mutex_);
  if (checked_.size() >= kMaxKnown) checked_.clear();
  checked_.insert_or_assign(digest, Checked{peer, now});
  return peer;
}

absl::StatusOr<Peer> PeerGate::Identify(const grpc::AuthContext& context) {
  const std::string chain = ChainOf(context);
  CAIRN_ASSIGN_OR_RETURN(Peer peer, TakeVouched(chain)
                                        ? IdentifyPeer(chain, partnership_)
                                        : Verify(chain));
  MutexLock lock(&mutex_);
  CAIRN_RETURN_IF_ERROR(CheckDenied(KnownOf(peer)));
  return peer;
}

absl::StatusOr<Peer> PeerGate::Admit(const grpc::AuthContext& context,
                                     const std::vector<Call>& calls) {
  auto peer = Identify(context);
  absl::Status status = peer.status();
  if (status.ok()) status = CheckRole(*peer, calls);
  if (status.ok()) return peer;
  LogLine("call.unauthorised", {{"reason", std::string(status.message())}});
  return status;
}

absl::StatusOr<Peer> PeerGate::AdmitAgent(const grpc::AuthContext& context) {
  CAIRN_ASSIGN_OR_RETURN(Peer peer, Identify(context));
  if (peer.identity.role != kAgent) return WrongRole(peer, kAgent);
  return peer;
}

PeerGate::Known PeerGate::KnownOf(const Peer& peer) {
  return {peer.uri, Hex(peer.key_pin),
          ParseRole(peer.identity.role).ok() ? peer.identity.id : "",
          peer.until};
}

// What it says of itself will do: it is held against a list of those who are
// denied, and whoever says something else is not believed by any agency.
PeerGate::Known PeerGate::SignerOf(const std::string& certificate) {
  const auto person = PeekPerson(certificate);
  if (!person.ok()) return {};
  return {"", Sha256Hex(person->public_key), person->id, person->not_after};
}

absl::Status PeerGate::CheckSigner(const std::string& certificate) {
  MutexLock lock(&mutex_);
  return CheckDenied(SignerOf(certificate));
}

absl::Status PeerGate::CheckDenied(const Known& who) {
  if (!unreadable_.empty()) {
    return absl::UnavailableError(
        "the coordinator cannot read its deny-list, and serves nobody until "
        "its operator has mended it");
  }
  if (denied_.HasName(who.uri) || denied_.HasKey(who.key) ||
      denied_.HasPerson(who.person)) {
    return absl::PermissionDeniedError(
        absl::StrCat(who.uri.empty() ? who.person : who.uri,
                     " was revoked: it is on the coordinator's deny-list; ask "
                     "its operator"));
  }
  if (clock_->Now() > who.until) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the certificate of ", who.uri.empty() ? who.person : who.uri,
        " ended on ", FormatUtc(who.until), "; get a new one"));
  }
  return absl::OkStatus();
}

PeerGate::Slot PeerGate::Watch(const Peer& peer, Cut cut) {
  return WatchKnown(KnownOf(peer), std::move(cut));
}

PeerGate::Slot PeerGate::WatchSigner(const std::string& certificate, Cut cut) {
  return WatchKnown(SignerOf(certificate), std::move(cut));
}

PeerGate::Slot PeerGate::WatchKnown(Known who, Cut cut) {
  MutexLock lock(&mutex_);
  const uint64_t number = next_++;
  watched_[number] = {std::move(who), std::move(cut)};
  return Slot(nullptr, [this, number](void*) {
    Cut gone;  // dies outside the lock
    MutexLock again(&mutex_);
    const auto found = watched_.find(number);
    if (found == watched_.end()) return;
    gone = std::move(found->second.cut);
    watched_.erase(found);
  });
}

absl::Status PeerGate::LogChanges(const DenyList& list) {
  MutexLock lock(&look_mutex_);
  const std::set<std::string> now = list.Lines();
  if (now == logged_) return absl::OkStatus();
  std::vector<Entry> entries;
  for (const std::string& line : now) {
    if (logged_.contains(line)) continue;
    entries.push_back({"peer.revoked", "", {{"peer", line}}});
    LogLine("peer.revoked", {{"peer", line}});
  }
  for (const std::string& line : logged_) {
    if (now.contains(line)) continue;
    entries.push_back(
        {"operator.action", "", {{"action", "readmit"}, {"peer", line}}});
    LogLine("peer.readmitted", {{"peer", line}});
  }
  const auto write = [&]() -> absl::Status {
    CAIRN_RETURN_IF_ERROR(database_->Execute("DELETE FROM denied"));
    CAIRN_ASSIGN_OR_RETURN(Statement insert,
                           database_->Prepare("INSERT INTO denied VALUES(?1)"));
    for (const std::string& line : now) {
      insert.BindText(1, line);
      CAIRN_RETURN_IF_ERROR(insert.Run());
    }
    return absl::OkStatus();
  };
  CAIRN_RETURN_IF_ERROR(ledger_->Append(entries, write).status());
  logged_ = now;
  return absl::OkStatus();
}

absl::Status PeerGate::Look() {
  auto list = ReadList();
  if (list.ok()) CAIRN_RETURN_IF_ERROR(LogChanges(*list));
  std::vector<std::pair<Cut, absl::Status>> to_cut;
  {
    MutexLock lock(&mutex_);
    const std::string why(list.status().message());
    if (why != unreadable_ && !why.empty()) {
      LogLine("deny_list.unreadable", {{"reason", why}});
    }
    unreadable_ = why;
    if (list.ok()) denied_ = *std::move(list);
    for (auto at = watched_.begin(); at != watched_.end();) {
      const absl::Status status = CheckDenied(at->second.who);
      if (status.ok()) {
        ++at;
        continue;
      }
      to_cut.emplace_back(std::move(at->second.cut), status);
      at = watched_.erase(at);
    }
  }
  for (const auto& [cut, why] : to_cut) cut(why);
  return absl::OkStatus();
}

}  // namespace cairn
