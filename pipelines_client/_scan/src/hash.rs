//! BLAKE2b with a key and a salt, and MD5, SHA-1 and SHA-256 of short texts, as Python's `hashlib` computes them.

const IV: [u64; 8] = [
    0x6a09e667f3bcc908,
    0xbb67ae8584caa73b,
    0x3c6ef372fe94f82b,
    0xa54ff53a5f1d36f1,
    0x510e527fade682d1,
    0x9b05688c2b3e6c1f,
    0x1f83d9abfb41bd6b,
    0x5be0cd19137e2179,
];
const SIGMA: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
const BLOCK: usize = 128;

/// BLAKE2b that is ready to hash a text: what comes before the text, a key, is hashed already.
#[derive(Clone)]
pub struct Blake {
    state: [u64; 8],
    counted: u64,
}

impl Blake {
    pub fn new(digest_size: u64) -> Blake {
        let mut state = IV;
        state[0] ^= 0x0101_0000 ^ digest_size;
        Blake { state, counted: 0 }
    }

    /// A key of at most 64 bytes, which is a block of its own; no text may be empty after it.
    pub fn keyed(digest_size: u64, key: &[u8]) -> Blake {
        let mut hasher = Blake::new(digest_size);
        hasher.state[0] ^= (key.len() as u64) << 8;
        let mut block = [0; BLOCK];
        block[..key.len()].copy_from_slice(key);
        hasher.counted = BLOCK as u64;
        hasher.compress(&block, false);
        hasher
    }

    pub fn salted(digest_size: u64, salt: [u64; 2]) -> Blake {
        let mut hasher = Blake::new(digest_size);
        hasher.state[4] ^= salt[0];
        hasher.state[5] ^= salt[1];
        hasher
    }

    /// The first 16 bytes of the digest, as two numbers.
    #[inline]
    pub fn of(&self, text: &[u8]) -> [u64; 2] {
        let mut hasher = self.clone();
        let mut rest = text;
        while rest.len() > BLOCK {
            let (head, tail) = rest.split_at(BLOCK);
            hasher.counted += BLOCK as u64;
            hasher.compress(head.try_into().unwrap(), false);
            rest = tail;
        }
        let mut block = [0; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        hasher.counted += rest.len() as u64;
        hasher.compress(&block, true);
        [hasher.state[0], hasher.state[1]]
    }

    fn compress(&mut self, block: &[u8; BLOCK], is_last: bool) {
        let mut m = [0u64; 16];
        for (word, bytes) in m.iter_mut().zip(block.chunks_exact(8)) {
            *word = u64::from_le_bytes(bytes.try_into().unwrap());
        }
        let mut v = [0u64; 16];
        v[..8].copy_from_slice(&self.state);
        v[8..].copy_from_slice(&IV);
        v[12] ^= self.counted;
        if is_last {
            v[14] = !v[14];
        }
        macro_rules! mix {
            ($a:expr, $b:expr, $c:expr, $d:expr, $x:expr, $y:expr) => {
                v[$a] = v[$a].wrapping_add(v[$b]).wrapping_add($x);
                v[$d] = (v[$d] ^ v[$a]).rotate_right(32);
                v[$c] = v[$c].wrapping_add(v[$d]);
                v[$b] = (v[$b] ^ v[$c]).rotate_right(24);
                v[$a] = v[$a].wrapping_add(v[$b]).wrapping_add($y);
                v[$d] = (v[$d] ^ v[$a]).rotate_right(16);
                v[$c] = v[$c].wrapping_add(v[$d]);
                v[$b] = (v[$b] ^ v[$c]).rotate_right(63);
            };
        }
        macro_rules! round {
            ($($number:expr),*) => {
                $(
                    mix!(0, 4, 8, 12, m[SIGMA[$number][0]], m[SIGMA[$number][1]]);
                    mix!(1, 5, 9, 13, m[SIGMA[$number][2]], m[SIGMA[$number][3]]);
                    mix!(2, 6, 10, 14, m[SIGMA[$number][4]], m[SIGMA[$number][5]]);
                    mix!(3, 7, 11, 15, m[SIGMA[$number][6]], m[SIGMA[$number][7]]);
                    mix!(0, 5, 10, 15, m[SIGMA[$number][8]], m[SIGMA[$number][9]]);
                    mix!(1, 6, 11, 12, m[SIGMA[$number][10]], m[SIGMA[$number][11]]);
                    mix!(2, 7, 8, 13, m[SIGMA[$number][12]], m[SIGMA[$number][13]]);
                    mix!(3, 4, 9, 14, m[SIGMA[$number][14]], m[SIGMA[$number][15]]);
                )*
            };
        }
        round!(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1);
        for (number, word) in self.state.iter_mut().enumerate() {
            *word ^= v[number] ^ v[number + 8];
        }
    }
}

/// Appends the padding of MD5 and SHA to a copy of a text: its last blocks of 64 bytes.
fn padded(text: &[u8], is_big_endian: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 72);
    bytes.extend_from_slice(text);
    bytes.push(0x80);
    while bytes.len() % 64 != 56 {
        bytes.push(0);
    }
    let bits = text.len() as u64 * 8;
    bytes.extend_from_slice(&if is_big_endian { bits.to_be_bytes() } else { bits.to_le_bytes() });
    bytes
}

pub fn as_hex(bytes: &[u8], into: &mut Vec<u8>) {
    for byte in bytes {
        into.push(b"0123456789abcdef"[(byte >> 4) as usize]);
        into.push(b"0123456789abcdef"[(byte & 15) as usize]);
    }
}

const MD5_SHIFTS: [u32; 16] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
/// The integer part of 2^32 times |sin(number)|, of each number from 1 to 64.
const MD5_SINES: [u32; 64] = [
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8,
    0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340,
    0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87,
    0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
    0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039,
    0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
    0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
    0xeb86d391,
];

pub fn md5_hex(text: &[u8], into: &mut Vec<u8>) {
    let mut state: [u32; 4] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
    for block in padded(text, false).chunks_exact(64) {
        let mut m = [0u32; 16];
        for (word, bytes) in m.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_le_bytes(bytes.try_into().unwrap());
        }
        let [mut a, mut b, mut c, mut d] = state;
        for step in 0..64 {
            let (mixed, place) = match step / 16 {
                0 => ((b & c) | (!b & d), step),
                1 => ((d & b) | (!d & c), 5 * step + 1),
                2 => (b ^ c ^ d, 3 * step + 5),
                _ => (c ^ (b | !d), 7 * step),
            };
            let sum = a.wrapping_add(mixed).wrapping_add(MD5_SINES[step]).wrapping_add(m[place % 16]);
            (a, d, c) = (d, c, b);
            b = b.wrapping_add(sum.rotate_left(MD5_SHIFTS[step / 16 * 4 + step % 4]));
        }
        for (word, more) in state.iter_mut().zip([a, b, c, d]) {
            *word = word.wrapping_add(more);
        }
    }
    state.iter().for_each(|word| as_hex(&word.to_le_bytes(), into));
}

pub fn sha1_hex(text: &[u8], into: &mut Vec<u8>) {
    let mut state: [u32; 5] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
    for block in padded(text, true).chunks_exact(64) {
        let mut w = [0u32; 80];
        for (word, bytes) in w.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_be_bytes(bytes.try_into().unwrap());
        }
        for step in 16..80 {
            w[step] = (w[step - 3] ^ w[step - 8] ^ w[step - 14] ^ w[step - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (step, word) in w.iter().enumerate() {
            let (mixed, constant) = match step / 20 {
                0 => ((b & c) | (!b & d), 0x5a827999),
                1 => (b ^ c ^ d, 0x6ed9eba1),
                2 => ((b & c) | (b & d) | (c & d), 0x8f1bbcdc),
                _ => (b ^ c ^ d, 0xca62c1d6u32),
            };
            let sum = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, sum);
        }
        for (word, more) in state.iter_mut().zip([a, b, c, d, e]) {
            *word = word.wrapping_add(more);
        }
    }
    state.iter().for_each(|word| as_hex(&word.to_be_bytes(), into));
}

const SHA256_ROUNDS: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
    0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
    0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
    0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2,
];

pub fn sha256_hex(text: &[u8], into: &mut Vec<u8>) {
    let mut state: [u32; 8] =
        [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
    for block in padded(text, true).chunks_exact(64) {
        let mut w = [0u32; 64];
        for (word, bytes) in w.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_be_bytes(bytes.try_into().unwrap());
        }
        for step in 16..64 {
            let (x, y) = (w[step - 15], w[step - 2]);
            let first = x.rotate_right(7) ^ x.rotate_right(18) ^ (x >> 3);
            let second = y.rotate_right(17) ^ y.rotate_right(19) ^ (y >> 10);
            w[step] = w[step - 16].wrapping_add(first).wrapping_add(w[step - 7]).wrapping_add(second);
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        for step in 0..64 {
            let first = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let sum = h.wrapping_add(first).wrapping_add((e & f) ^ (!e & g));
            let sum = sum.wrapping_add(SHA256_ROUNDS[step]).wrapping_add(w[step]);
            let second = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let more = second.wrapping_add((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(sum), c, b, a, sum.wrapping_add(more));
        }
        for (word, more) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word = word.wrapping_add(more);
        }
    }
    state.iter().for_each(|word| as_hex(&word.to_be_bytes(), into));
}
