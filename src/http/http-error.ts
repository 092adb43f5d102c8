import { type ErrorCode, WarmtreeError } from "../errors.ts";

/** An error whose answer carries required header fields (WWW-Authenticate, Allow). */
export class HttpError extends WarmtreeError {
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, detail: string, headers: Readonly<Record<string, string>>) {
    super(code, detail);
    this.headers = headers;
  }
}
