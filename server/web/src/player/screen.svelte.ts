interface AppleVideo extends HTMLVideoElement {
  webkitEnterFullscreen?: () => void;
}

interface LockableOrientation extends ScreenOrientation {
  lock?: (orientation: "landscape") => Promise<void>;
}

/** Full screen and picture in picture. */
export class Screen {
  fullscreen = $state(false);
  readonly canPip = document.pictureInPictureEnabled === true;

  #root: HTMLElement;
  #video: AppleVideo;

  constructor(root: HTMLElement, video: HTMLVideoElement) {
    this.#root = root;
    this.#video = video;
  }

  watch(): () => void {
    const changed = () => (this.fullscreen = document.fullscreenElement === this.#root);
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }

  async toggleFullscreen(): Promise<void> {
    if (document.fullscreenElement) {
      await document.exitFullscreen();
    } else if (this.#root.requestFullscreen) {
      await this.#root.requestFullscreen();
      await this.#turnPhone();
    } else {
      this.#video.webkitEnterFullscreen?.(); // an iPhone shows only the video itself in full screen
    }
  }

  /** A wide picture wants a phone on its side, where the browser can ask for that. */
  async #turnPhone(): Promise<void> {
    const orientation: LockableOrientation = screen.orientation;
    if (this.#video.videoWidth <= this.#video.videoHeight || !matchMedia("(pointer: coarse)").matches) return;
    try {
      await orientation.lock?.("landscape");
    } catch {
      // Most desktop browsers and tablets refuse; the picture then stays as the device is held.
    }
  }

  async togglePip(): Promise<void> {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else if (this.#video.readyState > 0) await this.#video.requestPictureInPicture();
  }
}
