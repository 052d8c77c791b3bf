// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library that knows nothing of interpreters and calls back what it is given.
#include <pthread.h>
#include <stdlib.h>

// The area under f, by Simpson's rule.
double integrate(double (*f)(double), double from, double to) {
  enum { steps = 100 };
  const double width = (to - from) / steps;
  double sum = f(from) + f(to);
  for (int i = 1; i < steps; ++i) {
    sum += f(from + i * width) * (i % 2 == 1 ? 4 : 2);
  }
  return sum * width / 3;
}

// How many numbers of the range are kept.
int count_if(int (*keep)(int), int from, int to) {
  int count = 0;
  for (int i = from; i < to; ++i) {
    count += keep(i) != 0;
  }
  return count;
}

struct part {
  double (*f)(double);
  double from, to, area;
};

static void *integrate_part(void *argument) {
  struct part *part = argument;
  part->area = integrate(part->f, part->from, part->to);
  return 0;
}

// The same, each part in a thread of its own.
double integrate_in_threads(double (*f)(double), double from, double to, int threads) {
  struct part *parts = calloc((size_t)threads, sizeof *parts);
  pthread_t *running = calloc((size_t)threads, sizeof *running);
  double area = 0;
  for (int i = 0; i < threads; ++i) {
    parts[i] = (struct part){f, from + i * (to - from) / threads, from + (i + 1) * (to - from) / threads, 0};
    pthread_create(&running[i], 0, integrate_part, &parts[i]);
  }
  for (int i = 0; i < threads; ++i) {
    pthread_join(running[i], 0);
    area += parts[i].area;
  }
  free(running);
  free(parts);
  return area;
}
