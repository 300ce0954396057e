/** A key as a person reads it; what is no text is written out. */
export function shownKey(key: string): string {
  const text = Buffer.from(key, "latin1").toString("utf8");
  const readable = Buffer.from(text, "utf8").toString("latin1") === key && !/\p{Cc}/u.test(text);
  return readable ? text : JSON.stringify(key);
}
