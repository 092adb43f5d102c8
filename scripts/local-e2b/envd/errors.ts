import { ConnectError } from "../connect/error.ts";
import { ApiError } from "../http/reply.ts";

/** Converts any error for a response of the Connect protocol. */
export function asConnectError(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (error instanceof ApiError) {
    return new ConnectError(error.status < 500 ? "invalid_argument" : "internal", error.message);
  }
  return new ConnectError("internal", error instanceof Error ? error.message : String(error));
}

/** Converts any error for a response of the file routes. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof ConnectError) return new ApiError(error.status, error.message);
  return new ApiError(500, error instanceof Error ? error.message : String(error));
}
