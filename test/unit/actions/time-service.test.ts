import { expect, it } from "vitest";
import { asDeclared, type TimeLook, timeServiceOf } from "../../../src/actions/os/time-service.ts";

const unit = (id: string, load: string, active = "inactive", file = "disabled") =>
  `Id=${id}.service\nLoadState=${load}\nActiveState=${active}\nUnitFileState=${file}`;
const ABSENT = ["chrony", "ntpsec", "ntp", "openntpd"].map((id) => unit(id, "not-found"));
const look = (units: readonly string[], more: Partial<TimeLook> = {}): TimeLook => ({
  ...{ systemd: true, synchronized: false, held: "", processes: [], file: false },
  ...{ units: units.join("\n\n"), ...more },
});
const nothing = [unit("systemd-timesyncd", "not-found"), ...ABSENT];
const stopped = [unit("systemd-timesyncd", "loaded"), ...ABSENT];
const running = [unit("systemd-timesyncd", "loaded", "active", "enabled"), ...ABSENT];

it("installs a time service only where none is there", () => {
  expect(timeServiceOf(look(nothing))).toMatchObject({ keeping: "due", package: "systemd-timesyncd" });
  expect(timeServiceOf(look(stopped))).toMatchObject({ unit: "systemd-timesyncd.service", package: null });
});

it("starts the one that is installed, since apt would remove it for another", () => {
  const chrony = [unit("systemd-timesyncd", "not-found"), unit("chrony", "loaded")];
  expect(timeServiceOf(look(chrony))).toMatchObject({ keeping: "due", unit: "chrony.service", package: null });
});

it.each([
  ["timesyncd", look(running), "systemd-timesyncd.service"],
  ["chrony", look([unit("systemd-timesyncd", "loaded"), unit("chrony", "loaded", "active")]), "chrony.service"],
  ["a program that no unit is known of", look(stopped, { processes: ["ptp4l"] }), "ptp4l"],
  [
    "chrony beside what redisha had set up",
    look([...stopped, unit("chrony", "loaded", "active")], { file: true }),
    "chrony.service",
  ],
  ["something that only the kernel knows of", look(nothing, { synchronized: true }), null],
])("leaves a clock alone that is kept right by %s", (_who, seen, by) => {
  expect(timeServiceOf(seen)).toMatchObject({ keeping: "kept", by, unit: null });
});

it("sees to the service that it has set up itself, running or not", () => {
  expect(timeServiceOf(look(running, { file: true }))).toMatchObject({ keeping: "ours", active: true, enabled: true });
  const unset = timeServiceOf(look(stopped, { file: true }));
  expect(unset).toMatchObject({ keeping: "ours", unit: "systemd-timesyncd.service", active: false });
});

it("has a stopped service run again, though the kernel holds its clock to be right for hours yet", () => {
  expect(timeServiceOf(look(stopped, { synchronized: true }))).toMatchObject({ keeping: "due" });
});

it("leaves a clock alone that is not the host's to set, or that somebody does not want kept", () => {
  expect(timeServiceOf(look(stopped, { held: "lxc" }))).toMatchObject({ keeping: "held", by: "lxc", unit: null });
  const masked = timeServiceOf(look([unit("systemd-timesyncd", "masked"), ...ABSENT]));
  expect(masked).toMatchObject({ keeping: "left", by: "systemd-timesyncd.service is masked", unit: null });
  expect(timeServiceOf(look([], { systemd: false }))).toMatchObject({ keeping: "left", unit: null });
  const due = timeServiceOf(look(nothing));
  expect(asDeclared(due, { manager: "none", servers: [] })).toMatchObject({
    keeping: "left",
    unit: null,
    package: null,
  });
  expect(asDeclared(due, { manager: "timesyncd", servers: ["a", "b"] })).toMatchObject({
    keeping: "due",
    servers: "a b",
  });
});
