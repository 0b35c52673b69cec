#include "core/disclosure/eras.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/disclosure/meeting.h"

namespace cairn {

EraSet InBoth(const EraSet& a, const EraSet& b) {
  EraSet both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(),
                        std::back_inserter(both));
  return both;
}

EraSet InFirstOnly(const EraSet& a, const EraSet& b) {
  EraSet rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(),
                      std::back_inserter(rest));
  return rest;
}

std::string NameOf(const EraSet& eras) {
  return absl::StrCat("\n", absl::StrJoin(eras, ","));
}

bool IsTime(const Eras& eras, const std::string& variable) {
  const std::string first = variable.substr(0, variable.find(kAtomJoin));
  return !eras.empty() && eras[0].code_of.contains(first);
}

EraSet InCode(const Eras& eras, const EraSet& span, const std::string& variable,
              const std::string& code) {
  // An atom lies in a code of each level.
  if (const size_t join = variable.find(kAtomJoin); join != variable.npos) {
    const size_t cut = code.find(kAtomCodeJoin);
    return InCode(
        eras, InCode(eras, span, variable.substr(0, join), code.substr(0, cut)),
        variable.substr(join + 1), code.substr(cut + 1));
  }
  EraSet in;
  for (const int era : span) {
    const auto found = eras[era].code_of.find(variable);
    if (found != eras[era].code_of.end() && found->second == code) {
      in.push_back(era);
    }
  }
  return in;
}

std::vector<EraSet> PartsOf(const std::vector<EraSet>& sets) {
  std::map<int, std::vector<size_t>> in;  // era -> the sets it is in
  for (size_t s = 0; s < sets.size(); ++s) {
    for (const int era : sets[s]) in[era].push_back(s);
  }
  std::map<std::vector<size_t>, size_t> part_of;
  std::vector<EraSet> parts;
  for (const auto& [era, of] : in) {
    const auto [found, fresh] = part_of.try_emplace(of, parts.size());
    if (fresh) parts.emplace_back();
    parts[found->second].push_back(era);
  }
  return parts;
}

std::vector<bool> Connected(const EraSet& with,
                            const std::vector<EraSet>& spans) {
  std::vector<bool> connected(spans.size(), false);
  EraSet reached = with;
  for (bool grew = true; grew;) {
    grew = false;
    for (size_t s = 0; s < spans.size(); ++s) {
      if (connected[s] || InBoth(reached, spans[s]).empty()) continue;
      connected[s] = grew = true;
      EraSet all;
      std::set_union(reached.begin(), reached.end(), spans[s].begin(),
                     spans[s].end(), std::back_inserter(all));
      reached = std::move(all);
    }
  }
  return connected;
}

}  // namespace cairn
