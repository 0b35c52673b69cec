#ifndef CAIRN_AGENT_PERSON_RUNS_H_
#define CAIRN_AGENT_PERSON_RUNS_H_

#include <bit>
#include <cstdint>
#include <cstring>

namespace cairn {

// Calls `body` with the place of each set bit, from the lowest.
template <typename Body>
void ForBits(uint64_t bits, const Body& body) {
  for (; bits != 0; bits &= bits - 1) body(std::countr_zero(bits));
}

// The bits that say where a person begins; kStart.
class Starts {
 public:
  explicit Starts(const char* bits) : bits_(bits) {}

  bool At(uint64_t row) const {
    return (static_cast<uint8_t>(bits_[row / 8]) >> (row % 8) & 1) != 0;
  }
  uint64_t Word(uint64_t w) const {
    uint64_t word = 0;
    std::memcpy(&word, bits_ + w * 8, sizeof(word));
    return word;
  }
  // Rows of word w, a bit each; of those behind the last nothing is said.
  struct Runs {
    uint64_t single;  // of a person with one record
    uint64_t second;  // the last of a person's two
    uint64_t many;    // of a person with three or more
  };
  Runs Of(uint64_t w, uint64_t rows) const {
    const uint64_t own = Word(w);
    const uint64_t next = (w + 1) * 64 <= rows ? Word(w + 1) : 0;
    const uint64_t before = own << 1 | (w == 0 || At(w * 64 - 1) ? 1 : 0);
    const uint64_t after = own >> 1 | next << 63;
    const uint64_t after_that = own >> 2 | next << 62;
    const uint64_t first = own & ~after & after_that;
    Runs runs{own & after, ~own & before & after, 0};
    runs.many = ~(runs.single | first | runs.second);
    return runs;
  }
  // The first row from `row` on where a person begins, or that is the last.
  uint64_t Next(uint64_t row, uint64_t rows) const {
    while (row < rows && !At(row)) ++row;
    return row;
  }

 private:
  const char* const bits_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_PERSON_RUNS_H_
