// The JSON form of a decision.
#include <nlohmann/json.hpp>

#include "cli/decision_report.hpp"
#include "cli/null_json.hpp"

namespace berth::cli {

namespace {

using Json = nlohmann::ordered_json;

Json libraries_json(const std::vector<LibraryChoice>& libraries) {
  Json array = Json::array();
  for (const LibraryChoice& library : libraries) {
    array.push_back({{"name", library.name},
                     {"version", library.version},
                     {"requirement", library.requirement},
                     {"origin", library.origin},
                     {"in_image", library.in_image}});
  }
  return array;
}

Json frameworks_json(const std::vector<FrameworkChoice>& frameworks) {
  Json list = Json::array();
  for (const FrameworkChoice& framework : frameworks) {
    list.push_back({{"name", framework.name},
                    {"requirement", framework.requirement},
                    {"version", framework.version},
                    {"build", framework.build},
                    {"index_url", text_or_null(framework.index_url)},
                    {"in_image", framework.in_image},
                    {"origin", framework.origin}});
  }
  return list;
}

Json gpus_json(const std::vector<GpuVerdict>& gpus) {
  Json list = Json::array();
  for (const GpuVerdict& gpu : gpus) {
    list.push_back({{"name", gpu.name},
                    {"compute_capability", version_or_null(gpu.compute_capability)},
                    {"covered_by", text_or_null(gpu.covered_by)}});
  }
  return list;
}

Json reasons_json(const std::vector<Reason>& reasons) {
  Json list = Json::array();
  for (const Reason& reason : reasons) {
    list.push_back({{"rule", reason.rule}, {"text", reason.text}, {"source", reason.source}});
  }
  return list;
}

Json image_facts_json(const std::optional<ImageFacts>& facts) {
  if (!facts) {
    return nullptr;
  }
  return {{"digest", text_or_null(facts->digest)},
          {"platform_digest", text_or_null(facts->platform_digest)},
          {"id", text_or_null(facts->id)},
          {"download_bytes", facts->download_bytes ? Json(*facts->download_bytes) : Json(nullptr)},
          {"unpacked_bytes", facts->unpacked_bytes ? Json(*facts->unpacked_bytes) : Json(nullptr)},
          {"architecture", text_or_null(facts->architecture)},
          {"architectures", facts->architectures},
          {"from", name_of(facts->from)}};
}

Json substitute_json(const std::optional<LocalSubstitute>& substitute) {
  if (!substitute) {
    return nullptr;
  }
  return {{"image", substitute->image},
          {"bytes", substitute->bytes > 0 ? Json(substitute->bytes) : Json(nullptr)},
          {"differences", substitute->differences}};
}

Json candidates_json(const std::vector<Candidate>& candidates) {
  Json list = Json::array();
  for (const Candidate& candidate : candidates) {
    Json entry = {{"image", candidate.image},
                  {"source", name_of(candidate.source)},
                  {"frameworks", frameworks_json(candidate.frameworks)},
                  {"cuda", text_or_null(candidate.cuda)},
                  {"python", text_or_null(candidate.python)}};
    if (!candidate.rejected.empty()) {
      entry["rejected"] = reasons_json(candidate.rejected);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace

std::string decision_document(const Decision& decision, bool explain) {
  Json document = {{"schema", "berth/resolve/1"},
                   {"image", decision.image},
                   {"source", name_of(decision.source)},
                   {"base_image", text_or_null(decision.base_image)},
                   {"frameworks", frameworks_json(decision.frameworks)},
                   {"libraries", libraries_json(decision.libraries)},
                   {"cuda", text_or_null(decision.cuda)},
                   {"cudnn", text_or_null(decision.cudnn)},
                   {"python", text_or_null(decision.python)},
                   {"driver",
                    {{"found", version_or_null(decision.driver.found)},
                     {"required", version_or_null(decision.driver.required)},
                     {"mode", mode_or_null(name_of(decision.driver.mode))}}},
                   {"gpus", gpus_json(decision.gpus)},
                   {"reasons", reasons_json(decision.reasons)},
                   {"image_facts", image_facts_json(decision.image_facts)},
                   {"substitute", substitute_json(decision.substitute)},
                   {"warnings", decision.warnings},
                   {"alternatives", candidates_json(decision.alternatives)}};
  if (explain) {
    document["rejected"] = candidates_json(decision.rejected);
  }
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace berth::cli
