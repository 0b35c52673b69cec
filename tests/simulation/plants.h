#ifndef CAIRN_TESTS_SIMULATION_PLANTS_H_
#define CAIRN_TESTS_SIMULATION_PLANTS_H_

#include <string>
#include <vector>

namespace cairn::simulation {

// Bugs that can be put into the programs, each to be found by one checker: a
// checker that finds nothing wrong where something is wrong is none. The linker
// leads the calls of a few functions past plants.cc, which does them wrong if
// the bug is planted, and otherwise calls them.
struct Plant {
  std::string name;
  std::string words;
  std::string checker;  // which is to find it
};
const std::vector<Plant>& Plants();

// Null if there is no such plant.
const Plant* FindPlant(const std::string& name);
// Empty: none. False if there is no such plant.
bool SetPlant(const std::string& name);
bool Planted(const std::string& name);

}  // namespace cairn::simulation

#endif  // CAIRN_TESTS_SIMULATION_PLANTS_H_
