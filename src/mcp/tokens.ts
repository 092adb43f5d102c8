/**
 * Pieces of text that a tokenizer encodes apart: runs that are no words (base64, hexadecimal), words, up to three
 * digits, single characters, white space.
 */
const PIECES = /[A-Za-z0-9+/_=]{24,}|[A-Z]?[a-z]+|[A-Z]+|\d{1,3}|\P{ASCII}|[^\sA-Za-z0-9]|\s+/gu;
const utf8 = new TextEncoder();

/**
 * Estimates how many tokens a text takes in a model's context: at least as many as o200k_base and cl100k_base make of
 * it (test/mcp/fitted.test.ts), and about a quarter more for code. The tables of either take megabytes.
 */
export function tokensOf(text: string): number {
  let tokens = 0;
  for (const [piece] of text.matchAll(PIECES)) tokens += tokensOfPiece(piece);
  return Math.ceil(tokens);
}

/** Whether a text takes at most `tokens` tokens. A short text needs no estimate: a token has at least one byte. */
export function takesAtMost(text: string, tokens: number): boolean {
  return (text.length <= tokens && utf8.encode(text).length <= tokens) || tokensOf(text) <= tokens;
}

/** The weights were fitted to source code in several languages, random bytes as text, and other scripts. */
function tokensOfPiece(piece: string): number {
  const code = piece.codePointAt(0) ?? 0;
  if (code > 0x7f) return tokensOfCharacter(code);
  if (/^\s/.test(piece)) return piece === " " ? 0.25 : 1;
  if (piece.length >= 24) return piece.length * 0.72;
  if (/^\d/.test(piece)) return 1;
  if (/^[A-Za-z]/.test(piece)) return piece.length <= 3 ? 0.9 : Math.max(1, piece.length / 4.5);
  return 0.8;
}

function tokensOfCharacter(code: number): number {
  if (code < 0x800) return 1.75;
  // Common Chinese, Japanese and Korean characters have tokens of their own.
  return code >= 0x4e00 && code < 0xa000 ? 1.5 : 3;
}
