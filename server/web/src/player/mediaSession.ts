import { pictureUrl } from "../api/client";
import type { VideoDetail } from "../api/types";
import { texts } from "../texts";
import type { Media } from "./media.svelte";

/** Shows what plays on lock screens and lets the keys of headphones and keyboards control it. */
export function announce(media: Media, video: VideoDetail): () => void {
  if (!("mediaSession" in navigator)) return () => {};
  const session = navigator.mediaSession;
  session.metadata = new MediaMetadata({
    title: video.title,
    artist: video.channel ?? "",
    album: texts.app,
    artwork: ([320, 640, 1280] as const).flatMap((width) => {
      const src = pictureUrl(video, width);
      return src ? [{ src, sizes: `${width}x${Math.round((width * 9) / 16)}` }] : [];
    }),
  });
  const handlers: [MediaSessionAction, MediaSessionActionHandler][] = [
    ["play", () => void media.play()],
    ["pause", () => media.pause()],
    ["seekbackward", (details) => media.seekBy(-(details.seekOffset ?? 10))],
    ["seekforward", (details) => media.seekBy(details.seekOffset ?? 10)],
    ["seekto", (details) => details.seekTime !== undefined && media.seek(details.seekTime)],
  ];
  for (const [action, handler] of handlers) session.setActionHandler(action, handler);
  return () => {
    session.metadata = null;
    for (const [action] of handlers) session.setActionHandler(action, null);
  };
}

/** Tell the system where playback is, so that its own seek bar moves. */
export function announcePosition(media: Media): void {
  if (!("mediaSession" in navigator) || media.duration === 0) return;
  navigator.mediaSession.playbackState = media.paused ? "paused" : "playing";
  navigator.mediaSession.setPositionState({
    duration: media.duration,
    playbackRate: media.rate,
    position: Math.min(media.time, media.duration),
  });
}
