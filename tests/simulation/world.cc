#include "tests/simulation/world.h"

#include <sqlite3.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/node_ledger.h"
#include "agent/terms.h"
#include "core/base/status_macros.h"
#include "core/ledger/checkpoint.h"
#include "tests/simulation/plants.h"
#include "tests/support/reference_tree.h"

namespace cairn::simulation {
namespace {

constexpr int64_t kSecond = 1'000'000;

World* current = nullptr;

}  // namespace

World::World(Simulator* simulator, const Partnership* partnership)
    : sim_(simulator),
      partnership_(partnership),
      agencies_(static_cast<int>(2 + simulator->Below(2))),
      settings_(partnership->Coordinator(agencies_)),
      observer_(agencies_ + 1),
      machines_(static_cast<size_t>(agencies_) + 1) {
  current = this;
  sqlite3_randomness(0, nullptr);  // so that it begins anew, with our chance
  of(0).disk = std::make_unique<Disk>(settings_.config.state_dir());
  for (Machine agent = 1; agent <= agencies_; ++agent) {
    of(agent).disk =
        std::make_unique<Disk>(partnership->Agent(agent).config.state_dir());
  }
  if (Planted("early-answer")) {
    for (MachineState& machine : machines_) machine.disk->SkipSync();
  }
  MakeKeys();
}

World::~World() {
  peace_ = true;
  for (Machine machine = 0; machine <= agencies_; ++machine) {
    if (of(machine).program != nullptr) Fall(machine, false);
  }
  current = nullptr;
}

World* World::Current() { return current; }

void World::MakeKeys() {
  for (Machine machine = 0; machine <= agencies_; ++machine) {
    const LogOwner owner =
        OwnerIn(partnership_->catalogue(),
                machine == 0 ? "" : absl::StrCat("a", machine));
    const SigningKey log =
        *SigningKey::Generate(owner.Origin(2026), KeyRole::kLog);
    const SigningKey witness =
        *SigningKey::Generate(owner.WitnessName(), KeyRole::kWitness);
    of(machine).secrets = {log.SecretText(), witness.SecretText()};
    NodeKeys keys{{log.verifier()}, witness.verifier(), {}};
    if (machine == 0) {
      keys_ = LedgerKeys{std::move(keys), {}};
    } else {
      keys_->agencies.emplace(owner.agency, std::move(keys));
    }
  }
}

// What main.cc and RunAgent do with either ledger, before anything runs.
absl::Status World::Begin(Machine machine, Program* program) {
  const std::string dir = machine == 0
                              ? settings_.config.state_dir()
                              : partnership_->Agent(machine).config.state_dir();
  CAIRN_ASSIGN_OR_RETURN(program->checkpoints,
                         SqliteCheckpointStore::Open(CheckpointPath(dir)));
  CAIRN_ASSIGN_OR_RETURN(SigningKey key,
                         SigningKey::Parse(of(machine).secrets[0]));
  CAIRN_ASSIGN_OR_RETURN(program->signer,
                         LogSigner::Create(std::move(key), program->ledger(),
                                           program->checkpoints.get()));
  program->ledger()->WhenBroken([this](const absl::Status& why) {
    sim_->Say(absl::StrCat("its ledger is broken: ", why.message()));
    sim_->Stop();
  });
  observer_.Restarted(machine, *program->ledger(), of(machine).lied);
  program->rejects = std::make_unique<RejectCounts>(&program->clock);
  return absl::OkStatus();
}

absl::Status World::StartCoordinator(Program* program) {
  CAIRN_ASSIGN_OR_RETURN(
      program->log, QueryLog::Open(settings_.DatabasePath(), &program->clock));
  CAIRN_RETURN_IF_ERROR(program->log->ledger()->Verify().status());
  CAIRN_RETURN_IF_ERROR(Begin(0, program));
  program->registry = std::make_unique<AgentRegistry>();
  CAIRN_ASSIGN_OR_RETURN(SigningKey witness,
                         SigningKey::Parse(of(0).secrets[1]));
  CAIRN_ASSIGN_OR_RETURN(
      program->hub,
      LedgerHub::Create(settings_, std::move(witness), *keys_,
                        program->signer.get(), program->ledger(),
                        program->log->database(), program->registry.get(),
                        &program->clock));
  CAIRN_RETURN_IF_ERROR(
      program->ledger()->Append({"node.started", "", {}}).status());
  CAIRN_RETURN_IF_ERROR(program->log->CloseAbandoned());
  CAIRN_ASSIGN_OR_RETURN(
      program->peers,
      PeerGate::Create(settings_, program->ledger(), program->log->database(),
                       &program->clock));
  program->coordinator = std::make_unique<Coordinator>(
      &settings_, program->log.get(), program->registry.get(),
      program->hub.get(), program->peers.get(), program->rejects.get(),
      &program->clock);
  return absl::OkStatus();
}

absl::Status World::StartAgent(Machine machine, Program* program) {
  const AgentSettings& settings = partnership_->Agent(machine);
  CAIRN_ASSIGN_OR_RETURN(program->state, OpenAgentState(settings));
  CAIRN_RETURN_IF_ERROR(program->state->releases->sound());
  CAIRN_RETURN_IF_ERROR(Begin(machine, program));
  CAIRN_ASSIGN_OR_RETURN(SigningKey witness,
                         SigningKey::Parse(of(machine).secrets[1]));
  AgentState* state = program->state.get();
  CAIRN_ASSIGN_OR_RETURN(
      program->link, LedgerLink::Create(settings, std::move(witness), *keys_,
                                        program->signer.get(),
                                        state->database.get(), &state->clock));
  CAIRN_RETURN_IF_ERROR(
      state->ledger->Append({"node.started", "", {}}).status());
  CAIRN_RETURN_IF_ERROR(state->asks->CloseAbandoned(state->ledger.get()));
  CAIRN_RETURN_IF_ERROR(
      LogTerms(settings, state->database.get(), state->ledger.get()));
  CAIRN_RETURN_IF_ERROR(state->records->RemovedBut(settings.config));
  CAIRN_ASSIGN_OR_RETURN(program->gate, OpenGate(settings, state));
  program->agent = std::make_unique<RunningAgent>(
      settings, state, program->signer.get(), &program->gate,
      program->link.get(), program->rejects.get());
  return absl::OkStatus();
}

void World::Start(Machine machine) {
  MachineState& here = of(machine);
  if (here.is != Is::kDown || here.program != nullptr) return;
  Simulator::On on(machine);
  sim_->Say("starts");
  here.program = std::make_unique<Program>();
  const absl::Status started = machine == 0
                                   ? StartCoordinator(here.program.get())
                                   : StartAgent(machine, here.program.get());
  if (here.disk->dead()) return Fall(machine, here.cut_power);
  if (started.ok()) {
    here.is = Is::kUp;
    observer_.Look(machine, *here.program->ledger());
    if (machine > 0) {
      sim_->At(machine, sim_->Below(kSecond),
               [this, machine] { Dial(machine); });
      sim_->At(machine, 2 * kSecond, [this, machine] { Tick(machine); });
    }
    return;
  }
  sim_->Say(absl::StrCat("does not start: ", started.message()));
  const bool failing = here.disk->failing();
  Fall(machine, false);
  if (here.lied) {
    here.is = Is::kShut;
    sim_->Count("starts refused after a disk lied");
  } else if (!failing) {
    sim_->Find("a machine starts again after a crash",
               std::string(started.message()));
  }
}

void World::StartSoon(Machine machine) {
  sim_->At(kWorld, 200'000 + sim_->Below(8 * kSecond),
           [this, machine] { Start(machine); });
}

// The program is gone from one moment to the next.
void World::Fall(Machine machine, bool power_cut) {
  MachineState& here = of(machine);
  {
    Simulator::On on(machine);
    sim_->Say(power_cut ? "loses its power" : "is killed");
    if (!peace_) sim_->Count(power_cut ? "power cuts" : "kills");
    here.disk->Die();
    sim_->End(machine);
    if (machine == 0) {
      Line::AbandonAll();
      for (Machine agent = 1; agent <= agencies_; ++agent) {
        if (EndOf(agent).line != nullptr) {
          EndOf(agent).line->CoordinatorGone();
        }
      }
    } else {
      if (EndOf(machine).line != nullptr) EndOf(machine).line->AgentGone();
      EndOf(machine) = {};
    }
    Program& program = *here.program;
    program.agent.reset();
    program.coordinator.reset();
    here.program.reset();
    sim_->End(machine);
  }
  here.is = Is::kDown;
  if (power_cut && here.disk->lied()) here.lied = true;
  here.disk->Restart(power_cut);
  here.cut_power = false;
  StartSoon(machine);
}

void World::Dial(Machine agent) {
  const auto again = [this, agent] {
    // Full jitter, as CoordinatorLink's.
    sim_->At(agent, 50'000 + sim_->Below(2 * kSecond),
             [this, agent] { Dial(agent); });
  };
  if (of(0).is != Is::kUp || of(agent).away) return again();
  auto line = std::make_shared<Line>(agent, &weather_, this);
  AgentEnd& end = EndOf(agent);
  end.line = line;
  line->Open(
      end.handlers,
      [this, agent, line_was = line.get(), again] {
        if (EndOf(agent).line.get() != line_was) return;
        sim_->Say("its line ends");
        EndOf(agent).line = nullptr;
        again();
      },
      [this] { return of(0).program->coordinator.get(); });
  sim_->Say("dials");
  end.link->SayHello();
}

void World::Tick(Machine agent) {
  of(agent).program->agent->Tick(std::chrono::steady_clock::now());
  sim_->At(agent, 2 * kSecond, [this, agent] { Tick(agent); });
}

void World::AskOne(uint32_t timeout_ms) {
  if (of(0).is != Is::kUp) return;
  v1::RunQueryRequest request;
  const auto& questions = partnership_->questions();
  request.mutable_query()->ParseFromString(questions[static_cast<size_t>(
      sim_->Below(static_cast<int64_t>(questions.size())))]);
  request.set_timeout_ms(timeout_ms);
  auto id = std::make_shared<std::string>();
  const Ledger* ledger = of(0).program->ledger();
  Simulator::On on(0);
  sim_->Say("the analyst asks");
  of(0).program->coordinator->Ask(
      "ana", request.SerializeAsString(), [](const absl::Status&) {},
      [this, id, ledger](const v1::QueryEvent& event) {
        if (of(0).disk->dead()) return;
        if (event.has_started()) *id = event.started().query_id();
        if (event.has_started()) last_question_ = *id;
        if (event.has_result()) {
          std::string words = absl::StrCat("the analyst is shown ", *id, ":");
          for (const auto& agency : event.result().agency()) {
            absl::StrAppend(&words, " ", agency.agency(), " ",
                            v1::Outcome_Name(agency.outcome()), " ",
                            agency.reason());
          }
          sim_->Say(words);
          observer_.Result(event.result(), *ledger);
          sim_->Count("results");
        }
      },
      [this, id](const absl::Status& status) {
        if (of(0).disk->dead()) return;
        if (!status.ok()) {
          sim_->Say(absl::StrCat("the analyst is told: ", status.message()));
        }
        observer_.Ended(*id, status.ok());
      });
}

bool World::IsSound(Machine machine) {
  MachineState& here = of(machine);
  if (here.is != Is::kUp) return false;
  return machine == 0 ? here.program->hub->CheckSound().ok()
                      : !here.program->agent->Quarantined();
}

bool World::FromAgent(Machine agent, v1::AgentMessage* message) {
  MachineState& here = of(agent);
  if (here.disk->dead()) return false;
  const Ledger& ledger = *here.program->ledger();
  if (message->has_answer()) {
    const v1::Answer& answer = message->answer();
    sim_->Say(
        absl::StrCat("answers ", answer.query_id(), " ",
                     answer.has_tables()
                         ? "with tables"
                         : v1::RefusalReason_Name(answer.refusal().reason())));
    observer_.Answered(agent, answer, ledger, !IsSound(agent));
    observer_.Delivered(agent, answer.query_id());
    if (agent == forger_ && sim_->Chance(50)) {
      // An entry of its log, but another one.
      v1::Receipt* receipt = message->mutable_answer()->mutable_receipt();
      receipt->set_index(receipt->index() / 2);
      receipt->set_entry(*ledger.Line(receipt->index()));
      receipt->set_entry_hash(
          ReferenceTree::Hash(std::string(1, '\0') + receipt->entry()));
      sim_->Say("with a receipt for another entry");
    }
  }
  if (message->has_witness_request()) {
    observer_.Look(agent, ledger);
    observer_.Shown(agent, message->witness_request().checkpoint());
  }
  if (message->has_witness_reply() &&
      message->witness_reply().outcome() == v1::COSIGNED) {
    observer_.Cosigned(agent, message->witness_reply().signature_line());
  }
  return true;
}

bool World::FromCoordinator(Machine agent,
                            const v1::CoordinatorMessage& message) {
  if (of(0).disk->dead()) return false;
  if (message.has_ask()) {
    sim_->Say(absl::StrCat("asks a", agent, " ", message.ask().query_id()));
    observer_.Asked(agent, message.ask());
    asks_.push_back(message.ask());
  }
  // What it hands on between agencies is theirs.
  if (message.has_witness_request() &&
      message.witness_request().from().empty()) {
    observer_.Look(0, *of(0).program->ledger());
    observer_.Shown(0, message.witness_request().checkpoint());
  }
  if (message.has_witness_reply() && message.witness_reply().from().empty() &&
      message.witness_reply().outcome() == v1::COSIGNED) {
    observer_.Cosigned(0, message.witness_reply().signature_line());
  }
  return true;
}

void World::LookAfter() {
  for (Machine machine = 0; machine <= agencies_; ++machine) {
    MachineState& here = of(machine);
    if (here.is != Is::kUp) continue;
    if (here.disk->dead()) {
      Fall(machine, here.cut_power);
    } else if (sim_->TakeStopping(machine)) {
      sim_->Say(absl::StrCat("machine ", machine, " stopped itself"));
      sim_->Count("stops of a program that could not write");
      Fall(machine, false);
    } else {
      Simulator::On on(machine);
      observer_.Look(machine, *here.program->ledger());
    }
  }
}

void World::RunUntil(int64_t us) {
  while (!sim_->finding().has_value() && sim_->Step(us)) LookAfter();
}

}  // namespace cairn::simulation
