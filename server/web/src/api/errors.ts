import { texts } from "../texts";

/** Why a call failed, with one sentence for the reader. */
export class ApiError extends Error {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The hub's own name for the problem, `network` when it did not answer. */
  readonly code: string;
  /** The field of the request that was not accepted, when it is one. */
  readonly field: string | null;
  /** How long to wait before asking again, in seconds, when the hub said. */
  readonly retryAfterS: number | null;

  constructor(status: number, code: string, sentence: string, field: string | null = null, retryAfterS: number | null = null) {
    super(sentence);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.field = field;
    this.retryAfterS = retryAfterS;
  }

  get isNetwork(): boolean {
    return this.status === 0;
  }
}

/** The error for a problem document (RFC 9457), or for whatever else came instead of one. */
export function problemError(status: number, body: unknown): ApiError {
  if (typeof body === "object" && body !== null) {
    const { detail, title, code, field, retry_after_s } = body as Record<string, unknown>;
    const sentence = [detail, title].find((text): text is string => typeof text === "string" && text !== "");
    const slug = typeof code === "string" ? code : "problem";
    const patience = typeof retry_after_s === "number" ? retry_after_s : null;
    if (sentence) return new ApiError(status, slug, sentence, typeof field === "string" ? field : null, patience);
  }
  return new ApiError(status, "unexpected", texts.failures.unexpected);
}

/** The sentence to show for anything thrown by a call. */
export function sentenceFor(error: unknown): string {
  return error instanceof ApiError ? error.message : texts.failures.unexpected;
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
