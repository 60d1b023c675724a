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


HEAD = ('| bench | workload ÷ baseline | ratio | p10–p90 | target | reached | ours | baseline |\n'
        '|---|---|---|---|---|---|---|---|')


def line(row):
    sign = '≤' if row.at_most else '≥'
    return (f'| {row.bench} | {row.what} | **{figure(row.median)}**{row.unit} '
            f'| {figure(row.p10)}–{figure(row.p90)} | {sign} {row.target:g} '
            f'| {"yes" if row.reached else "NO"} | {figure(row.ours)} | {figure(row.base)} |')


def save(directory, bench, rows, commit):
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, bench + '.json'), 'w') as out:
        json.dump({'bench': bench, 'commit': commit, 'machine': machine(),
                   'rows': [row.members() for row in rows]}, out, indent=1, ensure_ascii=False)
        out.write('\n')
