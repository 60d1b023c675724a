"""The table for people, and the same as JSON for README and for later runs."""

import json
import os
import platform


def machine():
    model = next((line.split(':', 1)[1].strip() for line in open('/proc/cpuinfo')
                  if line.startswith('model name')), platform.machine())
    memory = next(int(line.split()[1]) for line in open('/proc/meminfo')
                  if line.startswith('MemTotal'))
    return {'cpu': model, 'cores': os.cpu_count(), 'memory_gib': round(memory / 2**20),
            'kernel': platform.release(),
            'file_system': 'fresh ext4 with a journal in a loop-mounted image'}


def figure(value):
    if value is None:
        return ''
    return f'{value:,.0f}' if abs(value) >= 100 else f'{value:.3g}'


def aim(row):
    return f'{"≤" if row["at_most"] else "≥"} {row["target"]:,g}'


HEAD = ('| bench | workload ÷ baseline | ratio | p10–p90 | target | reached | ours | baseline |\n'
        '|---|---|---|---|---|---|---|---|')


def cells(row):
    return (f'| {row["bench"]} | {row["what"]} | **{figure(row["median"])}**{row["unit"]} '
            f'| {figure(row["p10"])}–{figure(row["p90"])} | {aim(row)} '
            f'| {"yes" if row["reached"] else "NO"} | {figure(row["ours"])} '
            f'| {figure(row["base"])} |')


def line(row):
    return cells(row.members())


def is_well(result):
    return not result['failure'] and all(row.reached for row in result['rows'])


def summary(result):
    rows = result['rows']
    reached = sum(row.reached for row in rows)
    said = f'{result["bench"]}: {reached} of {len(rows)} reached, {result["took_seconds"]} s'
    return said + (f'; FAILED: {result["failure"]}' if result['failure'] else '')


def save(directory, result):
    """One bench's file, and the table of all whose files are there."""
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, result['bench'] + '.json'), 'w') as out:
        json.dump({**result, 'rows': [row.members() for row in result['rows']]}, out, indent=1,
                  ensure_ascii=False)
        out.write('\n')
    with open(os.path.join(directory, 'README.md'), 'w') as out:
        out.write(table(load(directory)))


def load(directory):
    names = sorted(name for name in os.listdir(directory) if name.endswith('.json'))
    return [json.load(open(os.path.join(directory, name))) for name in names]


def described(result):
    m = result['machine']
    return (f'{m["cores"]} × {m["cpu"]}, {m["memory_gib"]} GiB, Linux {m["kernel"]}, '
            f'{m["file_system"]}')


def table(results):
    """Markdown: where, how often, and every row."""
    lines = ['# What was measured', '', 'Made by `bench/run --record`; docs/PERFORMANCE.md says '
             'what is behind each.', '']
    lines += sorted({f'- {described(result)}' for result in results})
    lines += ['', '| bench | commit | pairs | seconds of a side | took, s | failure |',
              '|---|---|---|---|---|---|']
    lines += [f'| {r["bench"]} | {r["commit"]} | {r["pairs"]} | {r["seconds_each"]:g} '
              f'| {r["took_seconds"]} | {r["failure"] or ""} |' for r in results]
    lines += ['', HEAD]
    lines += [cells(row) for result in results for row in result['rows']]
    return '\n'.join(lines) + '\n'
