import { takeDown } from "./fleet.ts";

const [folder = ""] = process.argv.slice(2);

process.stdin.resume();
process.stdin.on("end", () => {
  void takeDown(folder);
});
