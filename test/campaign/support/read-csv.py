"""Read the CSV texts of standard input, a JSON array, with Python's csv: for each its rows with the lines that they begin and end on, and whether it is well quoted."""
import csv, io, json, sys

csv.field_size_limit(10_000_000)

def read(text, delimiter, strict):
    reader = csv.reader(io.StringIO(text, newline=''), delimiter=delimiter, strict=strict)
    rows, last = [], 0
    for row in reader:
        if row:
            rows.append([last + 1, reader.line_num, row])
        last = reader.line_num
    return rows

def answer(text, delimiter):
    try:
        read(text, delimiter, True)
        well_quoted = True
    except csv.Error:
        well_quoted = False
    return {'rows': read(text, delimiter, False), 'isWellQuoted': well_quoted}

json.dump([answer(**question) for question in json.load(sys.stdin)], sys.stdout)
