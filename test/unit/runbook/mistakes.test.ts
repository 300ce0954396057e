import { describe, expect, it } from "vitest";
import { complaints, problemsOf, runbookOf, UPGRADE } from "./dummy-catalog.ts";

const SECRET = "secrets: { p: { from: env:P } }\n";

/** One step `a` in line 5, its body from line 6 on. */
function step(body: string, head = ""): string {
  const lines = body.split("\n").map((line) => `    ${line}`);
  return runbookOf(`  - id: a\n${lines.join("\n")}\n`, head);
}

/** A read on a replica: `more` stands in line 8. */
function onReplica(more: string): string {
  return step(`action: redis.info\ntargets: { role: replica }\n${more}`);
}

describe("a mistake in a runbook is refused at its place, with what to write instead", () => {
  it.each([
    ["an unknown key", onReplica("whn: host.up"), '8:5 unknown key "whn" (did you mean "when"?)'],
    [
      "an unknown action",
      step("action: redis.inf\ntargets: { role: replica }"),
      '6:13 there is no action "redis.inf" (did you mean "redis.info"?)',
    ],
    [
      "an action that there is no more",
      step("action: backup.check_rdb\ntargets: { role: replica }"),
      '6:13 there is no action "backup.check_rdb" (backup.upload checks while it stores, and takes no `checked`: delete this step, or move this file away and do redisha runbook eject backup again)',
    ],
    ["an unknown field", onReplica("when: host.linkup"), '8:16 host has no "linkup" (did you mean "link_up"?)'],
    ["an unknown name", onReplica("when: hots.up"), '8:11 hots is not known here (did you mean "host"?)'],
    [
      "an unknown function",
      onReplica('when: version_gee(host.version, "7.0")'),
      "8:11 there is no function version_gee() (did you mean version_ge()?)",
    ],
    [
      "wrong arguments",
      onReplica('when: version_ge(host.lag, "7.0")'),
      "8:11 version_ge() does not take (int, string) (it is version_ge(string, string): bool)",
    ],
    [
      "a number as a condition",
      onReplica("when: host.port + 1"),
      "8:11 expected a condition (true or false), this is int",
    ],
    [
      "an unknown field of a result",
      onReplica("failed_when: result.kys > 1"),
      '8:25 result has no "kys" (did you mean "keys"?)',
    ],
    [
      "a text that an enumeration never has",
      onReplica('when: host.role == "master"'),
      '8:24 host.role is never "master"; it is one of primary, replica, unknown (did you mean "primary"?)',
    ],
    [
      "an enumeration in a list",
      onReplica('when: host.role in ["primary", "slave"]'),
      '8:36 host.role is never "slave"; it is one of primary, replica, unknown (did you mean "replica"?)',
    ],
    [
      "a number compared with a text",
      onReplica('when: host.lag == "5"'),
      '8:11 host.lag is int and "5" is string: they are never equal',
    ],
    [
      "Redis' old word for a role",
      step("action: redis.info\ntargets: { role: master }"),
      '7:22 role: expected one of any, data, primary, replica, sentinel (did you mean "primary"?)',
    ],
    [
      "a pattern that is worked out",
      onReplica("when: host.id.matches(host.address)"),
      "8:27 matches() takes a pattern written out here (glob(text, pattern) takes any)",
    ],
    [
      "a pattern that may take for ever",
      onReplica('when: host.id.matches("^(a+)+$")'),
      '8:27 "^(a+)+$" repeats a repetition and could take for ever; write it flat',
    ],
    [
      "a size that is none",
      onReplica('when: host.lag > bytes("100 mb")'),
      '8:28 "100 mb" is no size; write 100mb, 6gb',
    ],
    [
      "a missing key of with",
      step("action: redis.command\ntargets: { role: data }\nundo: none\nwith: {}"),
      '9:5 redis.command: "command" is missing',
    ],
    [
      "a misspelt key of with, once",
      step("action: redis.command\ntargets: { role: data }\nundo: none\nwith: { comand: [PING] }"),
      '9:13 redis.command: unknown key "comand" (did you mean "command"?)',
    ],
    [
      "the wrong type in with",
      step(
        'action: redis.auth\nundo: none\ntargets: { role: data }\nwith: { password: "${{ secrets.p }}", times: "${{ run.id }}" }',
        SECRET,
      ),
      "10:55 redis.auth: times expects int, this is string",
    ],
    [
      "a step that does not say how it is undone",
      step("action: redis.command\ntargets: { role: data }\nwith: { command: [PING] }"),
      "5:9 step a is change and does not say how it is undone (add undo: with an action, or undo: none where there is no way back or none is needed)",
    ],
    [
      "an effect that is lowered",
      step("action: redis.command\ntargets: { role: data }\neffect: read\nundo: none\nwith: { command: [PING] }"),
      "8:13 effect may be raised, not lowered: redis.command is change",
    ],
    [
      "no targets where some are needed",
      step("action: redis.info"),
      "6:5 redis.info works on an instance, and the step has no targets (add targets: { role: … })",
    ],
    [
      "targets where none are possible",
      step("action: confirm\ntargets: { role: data }\nwith: { message: x }"),
      "7:5 confirm runs once, on the operator's machine: it takes no targets",
    ],
    [
      "Sentinels in a topology without",
      step("action: sentinel.ckquorum\ntargets: { role: sentinel }", "requires: { topology: [cluster] }\n"),
      "8:22 there are no Sentinels in the topologies this runbook requires: cluster",
    ],
    [
      "an until that would repeat a change",
      step("action: redis.command\nundo: none\ntargets: { role: data }\nuntil: host.up\nwith: { command: [PING] }"),
      "9:5 until repeats the step, and redis.command changes something (use verify, or a wait_for after it)",
    ],
    ["a wait for nothing", step("action: wait_for"), "6:5 wait_for needs until: the condition it waits for"],
    ["rescue without a block", onReplica("rescue: [{}]"), "8:5 rescue goes with action: block"],
    [
      "host without targets",
      step("action: confirm\nwhen: host.up\nwith: { message: x }"),
      "7:11 host is not known here: the step has no targets, nor has a block around it",
    ],
    [
      "before outside undo",
      onReplica("when: before.x == 1"),
      "8:11 before is not known here: it is what undo puts back, and stands only in undo",
    ],
    [
      "an input of another runbook that does not exist",
      step('action: runbook\nwith: { ref: "builtin:backup", inputs: { wait: true } }'),
      '7:46 runbook backup has no input "wait" (its inputs: wait_offset)',
    ],
    [
      "an input of another runbook with the wrong type",
      step('action: runbook\nwith: { ref: "builtin:backup", inputs: { wait_offset: 5 } }'),
      "7:59 input wait_offset of backup expects true or false",
    ],
    [
      "another runbook that does not exist",
      step('action: runbook\nwith: { ref: "builtin:nope" }'),
      "7:18 there is no runbook builtin:nope",
    ],
    [
      "a called runbook whose invariants nobody would watch",
      step('action: runbook\nwith: { ref: "builtin:watched" }'),
      "7:18 runbook backup has invariants (some), and those of a called runbook are not watched (state them in the runbook that calls it)",
    ],
    ["a block that does not exist", step("action: block\nwith: { ref: nope }"), '7:18 there is no block "nope"'],
  ])("%s", (_, text, complaint) => {
    expect(complaints(text)).toEqual([complaint]);
  });

  it.each([
    [
      "`when: !x` is a tag, and its text is lost",
      onReplica("when: !host.up"),
      '8:11 a value that starts with ! is a tag in YAML, and its text is lost (quote the expression: "!host.up…")',
    ],
    [
      "`a ? b : c` is a map",
      onReplica("when: host.up ? true : false"),
      '8:11 Nested mappings are not allowed in compact mappings (": " starts a map in YAML; quote the expression: "a ? b : c")',
    ],
    [
      "` #` starts a comment",
      onReplica("when: host.id == 'a #b'"),
      '8:22 Unterminated string (" #" starts a comment in YAML and cuts the expression; quote it)',
    ],
    [
      "a comma in braces ends the expression",
      onReplica("verify: { that: quorum(host.port, 5) == 1 }"),
      '8:39 unknown key "5) == 1" (inside { } a comma ends a value; quote the expression, or write it on a line of its own)',
    ],
    [
      "`{{ x }}` without quotes is a map",
      step("action: confirm\nwith: { message: {{ cluster.name }} }"),
      '7:23 {{ }} is a map in YAML, not a template (write "${{ cluster.name }}")',
    ],
    [
      "`{{ x }}` in quotes is no template",
      step('action: confirm\nwith: { message: "go {{ cluster.name }}" }'),
      '7:26 {{ }} is not a template here (write ${{ cluster.name }}; for the braces themselves ${{ "{{cluster.name}}" }})',
    ],
    [
      "a version without quotes is a number",
      step("action: pkg.available\ntargets: { role: data }\nwith: { name: redis, version: 7.10 }"),
      '8:35 pkg.available: version: expected a string (quote it: "7.10")',
    ],
    [
      "so is the default of a version input",
      step("action: redis.info\ntargets: { role: data }", "inputs: { v: { type: version, default: 7.0 } }\n"),
      '4:40 input v: the default is not a version in quotes such as "7.0.15" (without quotes YAML reads a number; write "7.0")',
    ],
  ])("what YAML makes of an expression: %s", (_, text, complaint) => {
    expect(complaints(text)).toEqual([complaint]);
  });

  it("reports every mistake of a file at once, in the order of the file", () => {
    const text = UPGRADE.replace("on_failure: rollback", "onfailure: rollback")
      .replace("host.link_up &&", "host.linkup &&")
      .replace("inputs.max_lag", "inputs.maxlag")
      .replace("action: pkg.available", "action: pkg.availabel");
    expect(complaints(text)).toEqual([
      '60:14 host has no "linkup" (did you mean "link_up"?)',
      '85:13 there is no action "pkg.availabel" (did you mean "pkg.available"?)',
      '103:5 unknown key "onfailure" (did you mean "on_failure"?)',
    ]);
  });

  it("goes on behind a wrong key, and finds what else is wrong with the same step", () => {
    expect(complaints(onReplica("whn: host.up\nfailed_when: result.kys > 1"))).toEqual([
      '8:5 unknown key "whn" (did you mean "when"?)',
      '9:25 result has no "kys" (did you mean "keys"?)',
    ]);
  });

  it("carries the code of its kind", () => {
    expect(problemsOf(step("action: redis.info")).map(({ code }) => code)).toEqual(["RUNBOOK_TARGETS"]);
    expect(
      problemsOf(step("action: redis.command\ntargets: { role: data }\nwith: { command: [PING] }")).map((p) => p.code),
    ).toEqual(["RUNBOOK_UNDO_MISSING"]);
  });
});

describe("secrets", () => {
  it.each([
    [
      "are not shown in a message",
      step('action: confirm\nwith: { message: "go ${{ secrets.p }}" }', SECRET),
      "8:30 secrets is not known here: confirm shows its text",
    ],
    [
      "are not compared",
      step('action: confirm\nwhen: secrets.p == "x"\nwith: { message: "go" }', SECRET),
      "8:11 secrets is not known here: secrets stand only in `with`",
    ],
    [
      "do not become outputs",
      step("action: redis.info\ntargets: { role: data }\noutputs: { p: secrets.p }", SECRET),
      "9:19 secrets is not known here: secrets stand only in `with`",
    ],
    [
      "do not become words of a command line",
      step('action: ssh.exec\nundo: none\ntargets: { role: data }\nwith: { argv: [x, "a${{ secrets.p }}"] }', SECRET),
      "10:29 ssh.exec: argv.1 takes no secret (secrets stand only where nobody can read them)",
    ],
    [
      "are not handed over as inputs",
      step('action: runbook\nwith: { ref: "builtin:backup", inputs: { wait_offset: "${{ secrets.p }}" } }', SECRET),
      "8:64 runbook: inputs.wait_offset takes no secret (secrets stand only where nobody can read them)",
    ],
    [
      "have no part in a name",
      step('action: redis.info\nname: "as ${{ secrets.p }}"\ntargets: { role: data }', SECRET),
      "8:15 name takes no ${{ }}: it is shown before anything is known",
    ],
  ])("%s", (_, text, complaint) => {
    expect(complaints(text)).toEqual([complaint]);
  });

  it("go where an action keeps them wrapped", () => {
    const text = step(
      'action: redis.auth\nundo: none\ntargets: { role: data }\nwith: { password: "${{ secrets.p }}" }',
      SECRET,
    );
    expect(complaints(text)).toEqual([]);
  });

  it("never meet a shell: its text takes no template at all", () => {
    const text = step('action: ssh.script\nundo: none\ntargets: { role: data }\nwith: { script: "rm ${{ host.id }}" }');
    expect(complaints(text)).toEqual([
      '9:25 no ${{ }} in shell text: a value with a quote or a $( ) in it would run as code (pass it through env: and write "$NAME" in the script, or use ssh.exec with argv)',
    ]);
  });
});
