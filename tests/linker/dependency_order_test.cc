// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/dependency_order.hh"

#include <gtest/gtest.h>

#include <vector>

namespace interlink {
namespace {

using graph = std::vector<std::vector<int>>;

std::vector<int> order_of(const graph& needed)
{
  return dependencies_first(
      0, [&](int node) -> const std::vector<int>& { return needed[static_cast<std::size_t>(node)]; });
}

std::vector<int> by_breadth(const graph& needed)
{
  return breadth_first(0, [&](int node) -> const std::vector<int>& { return needed[static_cast<std::size_t>(node)]; });
}

TEST(DependencyOrder, PutsDependenciesBeforeUsers)
{
  EXPECT_EQ(order_of({{1}, {2}, {}}), (std::vector<int>{2, 1, 0}));
}

TEST(DependencyOrder, KeepsTheOrderOfTheNeededList)
{
  EXPECT_EQ(order_of({{2, 1}, {}, {}}), (std::vector<int>{2, 1, 0}));
}

TEST(DependencyOrder, TakesASharedDependencyOnce)
{
  EXPECT_EQ(order_of({{1, 2}, {3}, {3}, {}}), (std::vector<int>{3, 1, 2, 0}));
}

TEST(DependencyOrder, PutsTheModuleReachedSecondFirstInACycle)
{
  EXPECT_EQ(order_of({{1}, {0}}), (std::vector<int>{1, 0}));
}

TEST(DependencyOrder, PutsWhatAnyModuleOfACycleNeedsBeforeAllOfThem)
{
  EXPECT_EQ(order_of({{1, 2}, {0}, {}}), (std::vector<int>{2, 1, 0}));
}

TEST(DependencyOrder, KeepsTheModulesOfACycleTogether)
{
  EXPECT_EQ(order_of({{1}, {2, 3}, {4, 1}, {4}, {}}), (std::vector<int>{4, 3, 2, 1, 0}));
  EXPECT_EQ(order_of({{1}, {2}, {3, 0}, {4}, {3}}), (std::vector<int>{4, 3, 2, 1, 0}));
}

TEST(DependencyOrder, BearsAModuleThatNeedsItself)
{
  EXPECT_EQ(order_of({{0}}), std::vector<int>{0});
}

TEST(DependencyOrder, FollowsAChainAsLongAsTheLimit)
{
  graph chain(10'000);
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    chain[i].push_back(static_cast<int>(i + 1));
  }
  EXPECT_EQ(order_of(chain).front(), 9'999);
}

TEST(DependencyOrder, SearchesBreadthFirst)
{
  EXPECT_EQ(by_breadth({{1, 2}, {3}, {4}, {}, {}}), (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(DependencyOrder, SearchesEachModuleOnce)
{
  EXPECT_EQ(by_breadth({{1, 2}, {2, 0}, {1}}), (std::vector<int>{0, 1, 2}));
}

} // namespace
} // namespace interlink
