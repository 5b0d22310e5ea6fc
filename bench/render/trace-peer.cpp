// The same rays through tinybvh's two-wide tree on one processor thread. Needs tiny_bvh.h (github.com/jbikker/tinybvh).
// trace-speed.ts runs it in turn with our own; it prints millions of rays per second of processor time.
//   g++ -O3 -march=native -std=c++20 -I<tinybvh> trace-peer.cpp -o trace-peer && ./trace-peer <folder>
#define TINYBVH_IMPLEMENTATION
#include "tiny_bvh.h"
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

static std::vector<float> load(const std::string& path) {
  FILE* file = fopen(path.c_str(), "rb");
  if (!file) { perror(path.c_str()); exit(1); }
  fseek(file, 0, SEEK_END);
  std::vector<float> values(ftell(file) / 4);
  rewind(file);
  if (fread(values.data(), 4, values.size(), file) != values.size()) exit(1);
  fclose(file);
  return values;
}

static double cpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

int main(int, char** arguments) {
  const std::string folder = arguments[1];
  const auto corners = load(folder + "/triangles.f32");
  std::vector<tinybvh::bvhvec4> vertices;
  for (size_t at = 0; at < corners.size(); at += 3) vertices.push_back({corners[at], corners[at + 1], corners[at + 2], 0});
  tinybvh::BVH bvh;
  bvh.Build(vertices.data(), (uint32_t)vertices.size() / 3);
  for (const char* kind : {"primary", "diffuse", "shadow"}) {
    const auto rays = load(folder + "/" + kind + ".f32");
    double best = 0;
    size_t hits = 0;
    for (int repetition = 0; repetition < 3; repetition++) {
      hits = 0;
      const double started = cpuSeconds();
      for (size_t at = 0; at < rays.size(); at += 8) {
        const tinybvh::bvhvec3 origin(rays[at], rays[at + 1], rays[at + 2]), direction(rays[at + 4], rays[at + 5], rays[at + 6]);
        if (rays[at + 3] > 0) {
          hits += bvh.IsOccluded(tinybvh::Ray(origin, direction, rays[at + 3]));
        } else {
          tinybvh::Ray ray(origin, direction);
          bvh.Intersect(ray);
          hits += ray.hit.t < 1e30f;
        }
      }
      best = std::max(best, rays.size() / 8 / 1e6 / (cpuSeconds() - started));
    }
    printf("%s %.4f %zu\n", kind, best, hits);
  }
}
