# What the tables have in common.

# Of a list; null of an empty one.
def mean: if length == 0 then null else add / length end;

# With so many digits after the point; "-" for null, and no minus before a zero.
def digits($n):
  if . == null then "-" else
    . * pow(10; $n) | round | if . == 0 then "0" else . / pow(10; $n) | tostring end
  end;

# As a whole percentage, without the % sign.
def percent: . * 100 | round | tostring;
