// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two orders of a needed graph. `successors(node)` gives what a node needs, in the order of dylink.0. The walks
// keep their own stacks, as a chain of needed modules may be as long as limit::modules.
#pragma once

#include <cstddef>
#include <set>
#include <utility>
#include <vector>

namespace interlink {

/// Dependencies before their users, post-order from `root`; in a cycle, the node reached second comes first.
template <class Node, class Successors>
std::vector<Node> post_order(Node root, Successors successors)
{
  std::vector<Node> order;
  std::set<Node> reached{root};
  std::vector<std::pair<Node, std::size_t>> path{{root, 0}}; // a node, and how many of its successors were taken
  while (!path.empty()) {
    auto& [node, taken] = path.back();
    const std::vector<Node>& next = successors(node);
    if (taken == next.size()) {
      order.push_back(node);
      path.pop_back();
      continue;
    }
    const Node successor = next[taken++];
    if (reached.insert(successor).second) {
      path.emplace_back(successor, 0);
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
