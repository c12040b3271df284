/*
 * The same patterns by Hyperscan, in block mode, for test/bench/scan.ts:
 *   hyperscan <patterns> <excerpts> first|all <passes>
 * patterns: one per line, `c` or `-` (caseless or not), a space, the expression. excerpts: each behind its length (u32, little-endian).
 * `first` reports each pattern once per excerpt, which is the least that Hyperscan can do; `all` reports each end of a match
 * with its start, as far as Hyperscan can tell the start of a pattern.
 * Prints JSON as run.ts does.
 */
#include <hs/hs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MOST 64

static uint64_t found, pairs, checksum, excerpt_number, seen;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
  found++;
  if (context && !(seen >> id & 1)) {
    seen |= 1ull << id;
    pairs++;
    uint64_t one = (excerpt_number * 64 + id) % 1000003;
    checksum = (checksum + one * one) % 2147483647;
  }
  return 0;
}

static double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static char *read_all(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file) { perror(path); exit(1); }
  fseek(file, 0, SEEK_END);
  *length = ftell(file);
  rewind(file);
  char *bytes = malloc(*length + 1);
  if (fread(bytes, 1, *length, file) != *length) { perror(path); exit(1); }
  bytes[*length] = 0;
  fclose(file);
  return bytes;
}

static void scan_all(const hs_database_t *database, hs_scratch_t *scratch, const char *bytes, size_t length, void *context) {
  excerpt_number = 0;
  for (size_t at = 0; at < length;) {
    uint32_t size;
    memcpy(&size, bytes + at, 4);
    seen = 0;
    hs_scan(database, bytes + at + 4, size, 0, scratch, on_match, context);
    excerpt_number++;
    at += 4 + size;
  }
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  unsigned mode = strcmp(argv[3], "first") == 0 ? HS_FLAG_SINGLEMATCH : HS_FLAG_SOM_LEFTMOST;
  const char *expressions[MOST];
  unsigned flags[MOST], ids[MOST], count = 0;
  size_t length;
  for (char *line = strtok(read_all(argv[1], &length), "\n"); line && count < MOST; line = strtok(NULL, "\n")) {
    expressions[count] = line + 2;
    flags[count] = mode | (line[0] == 'c' ? HS_FLAG_CASELESS : 0);
    ids[count] = count;
    count++;
  }
  hs_database_t *database;
  hs_compile_error_t *error;
  for (unsigned i = 0; i < count && mode == HS_FLAG_SOM_LEFTMOST; i++) {
    if (hs_compile(expressions[i], flags[i], HS_MODE_BLOCK, NULL, &database, &error) == HS_SUCCESS) hs_free_database(database);
    else flags[i] &= ~HS_FLAG_SOM_LEFTMOST;
  }
  if (hs_compile_multi(expressions, flags, ids, count, HS_MODE_BLOCK, NULL, &database, &error) != HS_SUCCESS) {
    fprintf(stderr, "hyperscan: pattern %d: %s\n", error->expression, error->message);
    return 1;
  }
  hs_scratch_t *scratch = NULL;
  hs_alloc_scratch(database, &scratch);
  char *bytes = read_all(argv[2], &length);
  scan_all(database, scratch, bytes, length, &found);
  uint64_t matches = found;
  double start = cpu_seconds();
  int passes = atoi(argv[4]);
  for (int pass = 0; pass < passes; pass++) scan_all(database, scratch, bytes, length, NULL);
  printf("{\"seconds\":%f,\"found\":%lu,\"pairs\":%lu,\"checksum\":%lu}\n", (cpu_seconds() - start) / passes, matches, pairs, checksum);
  return 0;
}
