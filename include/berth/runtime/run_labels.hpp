// The labels that make a container one of berth's runs, and say which. `berth ps` and its like go
// by them alone, so that another machine's berth, or another version's, finds the same runs.
#pragma once

namespace berth::runtime {

// A random id, one per run. A container without it is none of berth's.
inline constexpr const char* kRunLabel = "org.berth.run";
// The uid of who started it.
inline constexpr const char* kOwnerLabel = "org.berth.owner";
// The named job of the spec; absent where a command was given.
inline constexpr const char* kJobLabel = "org.berth.job";
// The project's folder on the machine that it was started on.
inline constexpr const char* kProjectLabel = "org.berth.project";
// "attached": ends with its client; "kept": stays when it has ended; "detached": has no client.
inline constexpr const char* kModeLabel = "org.berth.mode";
// The UUIDs of the GPUs that it holds, with commas; absent where they are not known, and for runs
// that ask for none in particular (auto).
inline constexpr const char* kGpusLabel = "org.berth.gpus";
// The image of its environment, "berth/env:…"; absent where its image runs as it is. The key and
// what is installed are in the labels that it has from that image, org.berth.env and the like.
inline constexpr const char* kEnvironmentLabel = "org.berth.environment";
// The command as it was given, quoted for a shell.
inline constexpr const char* kCommandLabel = "org.berth.command";
// "client": they go past the engine (supervision.hpp), and nobody can attach to it. Absent
// otherwise.
inline constexpr const char* kStreamsLabel = "org.berth.streams";

}  // namespace berth::runtime
