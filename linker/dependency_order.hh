// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two orders of a needed graph. `successors(node)` gives what a node needs, in the order of dylink.0. The walks
// keep their own stacks, as a chain of needed modules may be as long as limit::modules.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <vector>

namespace interlink {

/// Dependencies before their users, depth first from `root`. Those that need each other stand together, the one reached
/// second first, behind all that any of them needs. These are Tarjan's strongly connected components.
template <class Node, class Successors>
std::vector<Node> dependencies_first(Node root, Successors successors)
{
  struct visit {
    Node node;
    std::size_t number;    // in order of discovery
    std::size_t lowest;    // number that it leads back to
    std::size_t waiting;   // nodes that waited for their place when it was reached
    std::size_t taken = 0; // successors
  };

  constexpr std::size_t placed = ~std::size_t{0};
  std::map<Node, std::size_t> numbers{{root, 0}};
  std::vector<Node> order;
  std::vector<Node> waiting; // walked, and one further out on the path may be needed by them
  std::vector<visit> path{{root, 0, 0, 0}};
  while (!path.empty()) {
    visit& at = path.back();
    const std::vector<Node>& next = successors(at.node);
    if (at.taken < next.size()) {
      const Node successor = next[at.taken++];
      const auto [known, is_new] = numbers.try_emplace(successor, numbers.size());
      if (is_new) {
        path.push_back({successor, known->second, known->second, waiting.size()});
      } else {
        at.lowest = std::min(at.lowest, known->second);
      }
      continue;
    }
    waiting.push_back(at.node);
    const visit done = at;
    path.pop_back();
    if (done.lowest == done.number) {
      const auto first = waiting.begin() + static_cast<std::ptrdiff_t>(done.waiting);
      std::for_each(first, waiting.end(), [&](Node node) { numbers[node] = placed; });
      order.insert(order.end(), first, waiting.end());
      waiting.erase(first, waiting.end());
    } else {
      path.back().lowest = std::min(path.back().lowest, done.lowest);
    }
  }
  return order;
}

/// `root`, then what it needs, then what those need: the scope of symbol search.
template <class Node, class Successors>
std::vector<Node> breadth_first(Node root, Successors successors)
{
  std::vector<Node> order{root};
  std::set<Node> reached{root};
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::vector<Node>& next = successors(order[i]);
    for (const Node successor : next) {
      if (reached.insert(successor).second) {
        order.push_back(successor);
      }
    }
  }
  return order;
}

} // namespace interlink
