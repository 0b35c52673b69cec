// The same filter in other words.

#include <cctype>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/support/random_question.h"

namespace cairn {
namespace {

const WorldDimension& DimensionOf(const World& world, const Node& node) {
  return world.dimensions[static_cast<size_t>(node.dimension)];
}

class Printer {
 public:
  Printer(const World& world, Rng* rng) : world_(world), rng_(rng) {}

  std::string Print(const Node& node) const {
    if (node.IsAtom()) return Wrap(PrintAtom(node), 5);
    if (node.kind == Node::kNot) {
      const Node& part = node.parts[0];
      const bool bare = part.IsAtom() || part.kind == Node::kNot;
      const std::string inner = Print(part);
      return absl::StrCat(
          Word("NOT"), Space(),
          bare && !Chance(50) ? inner : absl::StrCat("(", inner, ")"));
    }
    std::string out;
    for (const Node& part : node.parts) {
      if (!out.empty()) {
        absl::StrAppend(&out, Space(),
                        Word(node.kind == Node::kAnd ? "AND" : "OR"), Space());
      }
      // AND binds tighter than OR.
      const bool bare =
          part.IsAtom() || part.kind == Node::kNot ||
          (part.kind == Node::kAnd && node.kind == Node::kOr && Chance(50));
      const std::string inner = Print(part);
      absl::StrAppend(&out, bare ? inner : absl::StrCat("(", inner, ")"));
    }
    return out;
  }

 private:
  bool Chance(int percent) const {
    return rng_ != nullptr && rng_->Chance(percent);
  }
  std::string Space() const {
    static const std::vector<std::string> kSpaces = {"  ", "\t", "\n", " \n "};
    return Chance(10) ? rng_->Pick(kSpaces) : " ";
  }
  std::string Word(std::string word) const {
    for (char& c : word) {
      if (Chance(30)) c = static_cast<char>(std::tolower(c));
    }
    return word;
  }
  std::string Wrap(const std::string& text, int percent) const {
    return Chance(percent) ? absl::StrCat("(", text, Space(), ")") : text;
  }

  std::string Value(const Node& node, const Node::Value& value) const {
    if (!value.shown.empty()) return value.shown;
    std::string text = value.code;
    const WorldDimension& dimension = DimensionOf(world_, node);
    if (dimension.kind != WorldKind::kPlace && Chance(25)) {
      for (const WorldCode& code :
           dimension.levels[static_cast<size_t>(node.level)].codes) {
        if (code.id != value.code) continue;
        text = Chance(50) || code.alias.empty() ? code.label : code.alias;
        if (Chance(50)) text = absl::AsciiStrToUpper(text);
        if (Chance(50)) text = absl::AsciiStrToLower(text);
      }
    }
    std::string quoted = "'";
    for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
    return quoted + "'";
  }

  std::string PrintAtom(const Node& node) const {
    static constexpr const char* kSigns[] = {"<", "<=", ">", ">="};
    const auto value = [&](size_t i) { return Value(node, node.values[i]); };
    const std::string name = Word(node.name);
    const std::string gap = Chance(20) ? "" : Space();
    switch (node.kind) {
      case Node::kEqual:
        return absl::StrCat(name, gap, "=", gap, value(0));
      case Node::kNotEqual:
        return absl::StrCat(name, gap, Chance(50) ? "!=" : "<>", gap, value(0));
      case Node::kIsNull:
        return absl::StrCat(name, Space(), Word("IS"), Space(), Word("NULL"));
      case Node::kIsNotNull:
        return absl::StrCat(name, Space(), Word("IS NOT NULL"));
      case Node::kIn:
      case Node::kNotIn: {
        std::string out = absl::StrCat(
            name, Space(), Word(node.kind == Node::kIn ? "IN" : "NOT IN"), gap,
            "(");
        for (size_t i = 0; i < node.values.size(); ++i) {
          absl::StrAppend(&out, i > 0 ? "," : "", gap, value(i));
        }
        return out + ")";
      }
      case Node::kBetween:
      case Node::kNotBetween:
        return absl::StrCat(
            name, Space(),
            Word(node.kind == Node::kBetween ? "BETWEEN" : "NOT BETWEEN"),
            Space(), value(0), Space(), Word("AND"), Space(), value(1));
      default:
        return absl::StrCat(name, gap, kSigns[node.kind - Node::kLess], gap,
                            value(0));
    }
  }

  const World& world_;
  Rng* const rng_;
};

Node Joined(Node::Kind kind, std::vector<Node> parts) {
  Node node;
  node.kind = kind;
  node.parts = std::move(parts);
  return node;
}
Node Not(Node part) { return Joined(Node::kNot, {std::move(part)}); }

class Tailor {
 public:
  Tailor(const World& world, Rng* rng) : world_(world), rng_(*rng) {}

  Node Dress(const Node& node) {
    // A variable with several values may only be asked for in one way.
    if (HoldsMulti(node)) return DressMulti(node);
    Node out = node.IsAtom() ? DressAtom(node) : DressTree(node);
    if (rng_.Chance(15)) out = Not(Not(std::move(out)));
    if (rng_.Chance(8)) {  // a condition that is always true
      Node always = Joined(Node::kOr, {Not(out), out});
      rng_.Shuffle(&always.parts);
      out = Joined(Node::kAnd, {std::move(out), std::move(always)});
      rng_.Shuffle(&out.parts);
    }
    return out;
  }

 private:
  bool HoldsMulti(const Node& node) const {
    if (node.IsAtom()) return DimensionOf(world_, node).multi;
    for (const Node& part : node.parts) {
      if (HoldsMulti(part)) return true;
    }
    return false;
  }

  Node DressMulti(Node node) {
    if (!node.IsAtom()) {
      for (Node& part : node.parts) part = Dress(part);
      rng_.Shuffle(&node.parts);
      return node;
    }
    if (rng_.Chance(50)) node.values.push_back(rng_.Pick(node.values));
    node.kind =
        node.values.size() == 1 && rng_.Chance(50) ? Node::kEqual : Node::kIn;
    rng_.Shuffle(&node.values);
    return node;
  }

  Node DressTree(Node node) {
    for (Node& part : node.parts) part = Dress(part);
    if (node.kind == Node::kNot) return node;
    rng_.Shuffle(&node.parts);
    if (rng_.Chance(15)) node.parts.push_back(rng_.Pick(node.parts));
    if (node.parts.size() > 2 && rng_.Chance(40)) {
      Node last = std::move(node.parts.back());
      node.parts.pop_back();
      node = Joined(node.kind, {std::move(node), std::move(last)});
    }
    if (!rng_.Chance(20)) return node;
    // De Morgan.
    for (Node& part : node.parts) part = Not(std::move(part));
    node.kind = node.kind == Node::kAnd ? Node::kOr : Node::kAnd;
    return Not(std::move(node));
  }

  Node DressAtom(Node node) {
    switch (node.kind) {
      case Node::kEqual:
        if (rng_.Chance(40)) node.kind = Node::kIn;
        if (rng_.Chance(20)) {
          node.kind = Node::kNotEqual;
          return Not(std::move(node));
        }
        return node;
      case Node::kNotEqual:
        node.kind = rng_.Chance(50) ? Node::kEqual : Node::kIn;
        return Not(std::move(node));
      case Node::kNotIn:
        node.kind = Node::kIn;
        return Not(DressAtom(std::move(node)));
      case Node::kIn:
        return DressIn(std::move(node));
      case Node::kNotBetween:
        node.kind = Node::kBetween;
        return Not(DressAtom(std::move(node)));
      case Node::kBetween: {
        if (rng_.Chance(40)) return node;
        Node low = node, high = node;
        low.kind = Node::kGreaterOrEqual;
        low.values.pop_back();
        high.kind = Node::kLessOrEqual;
        high.values.erase(high.values.begin());
        return Joined(Node::kAnd, {std::move(high), std::move(low)});
      }
      case Node::kIsNull:
        if (rng_.Chance(50)) return node;
        node.kind = Node::kEqual;
        node.values = {{"U", 0, ""}};
        return node;
      case Node::kIsNotNull:
        node.kind = Node::kIsNull;
        return Not(DressAtom(std::move(node)));
      default:
        return node;
    }
  }

  Node DressIn(Node node) {
    rng_.Shuffle(&node.values);
    if (rng_.Chance(20)) node.values.push_back(rng_.Pick(node.values));
    if (!rng_.Chance(50)) return node;
    Node either = Joined(Node::kOr, {});
    for (const Node::Value& value : node.values) {
      either.parts.push_back(node);
      either.parts.back().kind = Node::kEqual;
      either.parts.back().values = {value};
    }
    return either;
  }

  const World& world_;
  Rng& rng_;
};

}  // namespace

std::string CairnText(const World& world, const Node& node, Rng* rng) {
  return Printer(world, rng).Print(node);
}

Node Dress(const World& world, const Node& node, Rng* rng) {
  return Tailor(world, rng).Dress(node);
}

}  // namespace cairn
