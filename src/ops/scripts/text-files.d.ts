/** Scripts are imported as text (`with { type: "text" }`). */
declare module "*.sh" {
  const text: string;
  export default text;
}
declare module "*.pl" {
  const text: string;
  export default text;
}
