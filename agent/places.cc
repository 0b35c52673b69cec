#include "agent/places.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace cairn {
namespace {

const std::string& Unknown() {
  static const std::string* const code = new std::string(kUnknownCode);
  return *code;
}

}  // namespace

int Places::FindVariable(absl::string_view variable) const {
  for (size_t l = 0; l < variables_.size(); ++l) {
    if (variables_[l] == variable) return static_cast<int>(l);
  }
  return -1;
}

int Places::Find(int level, absl::string_view code) const {
  const auto& by_code = levels_[level].by_code;
  const auto found = by_code.find(code);
  return found == by_code.end() ? kNotFound : found->second;
}

int Places::FindLabel(int level, absl::string_view label) const {
  const auto& by_label = levels_[level].by_label;
  const auto found = by_label.find(absl::AsciiStrToLower(label));
  return found == by_label.end() ? kNotFound : found->second;
}

void Places::ForEachCode(int level, Visit visit) const {
  for (const auto& [text, code] : levels_[level].by_code) visit(text, code);
}

void Places::ForEachLabel(int level, Visit visit) const {
  for (const auto& [text, code] : levels_[level].by_label) {
    if (code != kNotFound) visit(text, code);
  }
}

const std::string& Places::Above(int level, int code, int coarser) const {
  const int place = levels_[level].place[code];
  return meta_.place(place).code(coarser);
}

void Places::Index(const std::vector<Outside>& outside) {
  variables_.assign(meta_.variable().begin(), meta_.variable().end());
  levels_.resize(variables_.size());
  for (size_t l = 0; l < levels_.size(); ++l) {
    const int level = static_cast<int>(l);
    LevelTable& table = levels_[l];
    std::map<std::string, std::vector<int>> members;
    for (int p = 0; p < meta_.place_size(); ++p) {
      const std::string& code = meta_.place(p).code(level);
      if (code != Unknown()) members[code].push_back(p);
    }
    const auto add_label = [&table](const std::string& label, int code) {
      if (label.empty()) return;
      // Two areas of one name cannot be told apart by it.
      const auto [at, is_new] =
          table.by_label.try_emplace(absl::AsciiStrToLower(label), code);
      if (!is_new) at->second = kNotFound;
    };
    for (const auto& [code, places] : members) {
      const int index = static_cast<int>(table.codes.size());
      int64_t population = 0;
      for (const int p : places) {
        const int64_t some = meta_.place(p).population();
        population = some < 0 || population < 0 ? -1 : population + some;
      }
      table.codes.push_back(code);
      table.labels.push_back(meta_.place(places[0]).label(level));
      table.population.push_back(population);
      table.place.push_back(places[0]);
      table.by_code[code] = index;
      add_label(table.labels.back(), index);
    }
    for (const auto& [code, label] : outside[l]) {
      if (table.by_code.try_emplace(code, kOutside).second) {
        add_label(label, kOutside);
      }
    }
  }
}

absl::StatusOr<std::unique_ptr<Places>> Places::FromMeta(
    const v1::PlacesMeta& meta) {
  for (const v1::PlacesMeta::Place& place : meta.place()) {
    if (place.code_size() != meta.variable_size() ||
        place.label_size() != meta.variable_size()) {
      return absl::DataLossError(
          "the saved places are not whole; load them again");
    }
  }
  std::unique_ptr<Places> places(new Places);
  places->meta_ = meta;
  places->area_ = meta.area();
  places->Index(std::vector<Outside>(meta.variable_size()));
  return places;
}

v1::PlacesMeta Places::ToMeta() const { return meta_; }

}  // namespace cairn
