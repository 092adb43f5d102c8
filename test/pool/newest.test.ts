import { expect, test } from "vitest";
import { beyond } from "../../src/pool/newest.ts";

const rows = [3, 4, 2, 5].map((bytes, age) => ({ bytes, age }));
const agesBeyond = (number: number, bytes: number) => beyond(rows, { number, bytes }).map(({ age }) => age);

test("the oldest are beyond a limit of number or of bytes", () => {
  expect(agesBeyond(4, 14)).toEqual([]);
  expect(agesBeyond(2, 14)).toEqual([2, 3]);
  expect(agesBeyond(4, 8)).toEqual([2, 3]);
  expect(agesBeyond(0, 14)).toEqual([0, 1, 2, 3]);
});
