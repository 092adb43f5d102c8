import { type ErrorCode, WarmtreeError } from "../errors.ts";

/** A refusal whose answer carries header fields that HTTP asks for (WWW-Authenticate, Allow). */
export class HttpError extends WarmtreeError {
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, detail: string, headers: Readonly<Record<string, string>>) {
    super(code, detail);
    this.headers = headers;
  }
}
