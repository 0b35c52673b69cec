// What befalls a world, and what is to be so after it.

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/link/ledger_wire.h"
#include "tests/simulation/world.h"

namespace cairn::simulation {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kPeace = 100 * kSecond;
constexpr int64_t kProof = 45 * kSecond;

}  // namespace

void World::Run() {
  for (Machine machine = 0; machine <= agencies_; ++machine) Start(machine);
  PlanTrouble();
  RunUntil(trouble_until_);
  if (sim_->finding().has_value()) return;
  Mend();
  for (Machine agent = 1; agent <= agencies_; ++agent) {
    sim_->At(kWorld, (50 + agent) * kSecond,
             [this, agent] { AskAgain(agent); });
  }
  RunUntil(trouble_until_ + kPeace);
  if (sim_->finding().has_value()) return;
  Prove();
}

void World::PlanTrouble() {
  trouble_until_ = (30 + sim_->Below(60)) * kSecond;
  const int64_t questions = 2 + sim_->Below(7);
  for (int64_t i = 0; i < questions; ++i) {
    const int64_t at = 3 * kSecond + sim_->Below(trouble_until_);
    const int64_t together = sim_->Chance(10) ? 12 : 1;
    for (int64_t j = 0; j < together; ++j) {
      sim_->At(kWorld, at, [this] {
        AskOne(500 + static_cast<uint32_t>(sim_->Below(15'000)));
      });
    }
  }
  if (sim_->Chance(20)) return;  // only questions
  if (sim_->Chance(40)) {
    weather_ = {static_cast<int>(sim_->Below(6)),
                static_cast<int>(sim_->Below(20)),
                static_cast<int>(sim_->Below(8))};
  }
  if (sim_->Chance(25)) {
    liar_ = static_cast<Machine>(sim_->Below(agencies_ + 1));
    sim_->At(kWorld, sim_->Below(trouble_until_ / 2), [this] {
      sim_->Say(absl::StrCat("the disk of machine ", liar_, " begins to lie"));
      of(liar_).disk->Lie();
      sim_->Count("disks that lied");
    });
  }
  if (sim_->Chance(25)) {
    forger_ = static_cast<Machine>(1 + sim_->Below(agencies_));
  }
  // Now and then so long that a cut-off of ten minutes ends within it.
  if (sim_->Chance(3)) trouble_until_ += 600 * kSecond;
  const int64_t troubles = 1 + sim_->Below(8);
  for (int64_t i = 0; i < troubles; ++i) {
    sim_->At(kWorld, sim_->Below(trouble_until_), [this] { Trouble(); });
  }
}

void World::Trouble() {
  const auto machine = static_cast<Machine>(sim_->Below(agencies_ + 1));
  const auto agent = static_cast<Machine>(1 + sim_->Below(agencies_));
  MachineState& here = of(machine);
  const bool power_cut = sim_->Chance(50);
  switch (sim_->Below(7)) {
    case 0:
      if (here.is == Is::kUp) Fall(machine, power_cut);
      return;
    case 1:
      here.cut_power = power_cut;
      here.disk->DieIn(1 + static_cast<uint64_t>(sim_->Below(60)));
      return;
    case 2:
      sim_->Say(absl::StrCat("the disk of machine ", machine, " will fail"));
      here.disk->FailIn(1 + static_cast<uint64_t>(sim_->Below(60)));
      return;
    case 3:
      sim_->Say(absl::StrCat("a", agent, " is cut off"));
      sim_->Count("agents cut off");
      of(agent).away = true;
      if (EndOf(agent).line != nullptr) EndOf(agent).line->Tear();
      sim_->At(kWorld, sim_->Below((sim_->Chance(10) ? 600 : 20) * kSecond),
               [this, agent] { of(agent).away = false; });
      return;
    case 5:
      return AskAgain(agent);
    case 4:
      sim_->Say(absl::StrCat("the line of a", agent, " breaks"));
      if (EndOf(agent).line != nullptr) EndOf(agent).line->Tear();
      return;
    default:
      sim_->Say(absl::StrCat("the clock of machine ", machine, " is set"));
      sim_->SetSkew(machine, (sim_->Below(7200) - 3600) * kSecond);
      sim_->At(kWorld, sim_->Below(20 * kSecond),
               [this, machine] { sim_->SetSkew(machine, 0); });
  }
}

void World::Mend() {
  sim_->Say("all is mended");
  peace_ = true;
  weather_ = {};
  forger_ = kWorld;
  for (Machine machine = 0; machine <= agencies_; ++machine) {
    sim_->SetSkew(machine, 0);
    of(machine).away = false;
    Disk* const disk = of(machine).disk.get();
    const bool lied = disk->lied();
    if (of(machine).is == Is::kUp) {
      Fall(machine, lied);
    } else {
      of(machine).lied |= lied;
      disk->Restart(lied);
    }
  }
}

void World::Prove() {
  sim_->Say("one more question");
  last_question_.clear();
  const bool asks = IsSound(0);
  if (of(0).is == Is::kUp) AskOne(20'000);
  RunUntil(trouble_until_ + kPeace + kProof);
  if (sim_->finding().has_value()) return;
  for (Machine machine = 0; machine <= agencies_; ++machine) {
    const bool sound = IsSound(machine);
    if (of(machine).lied && of(machine).is == Is::kUp && !sound) {
      sim_->Count("quarantines after a disk lied");
    }
    if (!of(machine).lied && !sound) {
      sim_->Find("all is well again once all is mended",
                 absl::StrCat("machine ", machine, " is not sound"));
    }
    if (sound) observer_.NothingIsOpen(machine);
    if (sound && observer_.IsContradicted(machine)) {
      sim_->Find("a ledger that went back is found",
                 absl::StrCat("machine ", machine,
                              " goes on although others remember more"));
    }
  }
  if (!asks) return;
  const auto shown = observer_.results().find(last_question_);
  if (shown == observer_.results().end()) {
    sim_->Find("all is well again once all is mended",
               "the last question has no result");
    return;
  }
  v1::Result result;
  result.ParseFromString(shown->second);
  for (const v1::AgencyOutcome& agency : result.agency()) {
    const Machine machine = agency.agency()[1] - '0';
    if (IsSound(machine) == (agency.outcome() == v1::ANSWERED)) continue;
    sim_->Find("all is well again once all is mended",
               absl::StrCat(agency.agency(), " is shown as ",
                            v1::Outcome_Name(agency.outcome()), ": ",
                            agency.reason()));
  }
  if (of(0).lied) return;
  for (const auto& [query, bytes] : observer_.results()) {
    const auto kept = of(0).program->log->Fetch(query);
    if (kept.ok() && kept->SerializeAsString() == bytes) continue;
    sim_->Find("what the analyst was shown can be fetched",
               absl::StrCat(query, ": ", kept.status().ToString()));
  }
}

void World::AskAgain(Machine agent) {
  if (asks_.empty() || !IsSound(0)) return;
  const v1::Ask& ask = asks_[static_cast<size_t>(
      sim_->Below(static_cast<int64_t>(asks_.size())))];
  const std::string agency = absl::StrCat("a", agent);
  const auto index = observer_.IndexOf(0, "query.received", ask.query_id());
  if (!index.has_value()) return;  // lost, by a disk that lied
  Simulator::On on(0);
  sim_->Say(absl::StrCat("asks ", agency, " once more ", ask.query_id()));
  sim_->Count("questions asked again");
  of(0)
      .program->hub
      ->Show(*index, {agency},
             [&](const std::string&, const ShownEntry& entry) {
               v1::CoordinatorMessage message;
               *message.mutable_ask() = ask;
               *message.mutable_ask()->mutable_logged() =
                   ToProto(entry, ask.logged().salt());
               const auto session =
                   of(0).program->registry->Find(agency).session;
               return session != nullptr && session->Send(message);
             })
      .IgnoreError();
}

}  // namespace cairn::simulation
