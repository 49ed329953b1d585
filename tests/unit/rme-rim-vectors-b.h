/*
 * Initial measurements of Arm CCA Realms that an RMM of version 2.0 printed
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * TF-RMM v0.9.0-139-g9a7f8ef4 (RMI 2.0) on an emulated RME machine, under Linux
 * 7.1.13 with the series "arm64: Support for Arm CCA in KVM" v14. SHA-256, 6
 * breakpoints, no PMU, personalization value of zeros; what is measured of a
 * page is 4096 times 0xa5, at 0x40000000; the vCPU starts at 0x90000000. The
 * vectors with an L are of a host with LPA2, where KVM sets bit 0 of the flags.
 *
 * The user defines VECTOR(name, flags, ipa_bits, sve_vl, num_wps, data, x0, x7,
 * after_create, after_data, rim): values as in RmiRealmParams and RmiRecParams;
 * "data" is NONE, MEASURED or UNMEASURED; a value that was not printed is "".
 * tests/cca-measure reads these lines, too: one vector is in one macro call,
 * and no other text looks like it.
 */
VECTOR("Ba", 0x0, 40, 0, 3, NONE, 0x0, 0x0,
       "f33498f22eed8d51fb28b95769b27275a8c69a469e26b0050f1e809c4e0146b4", "",
       "4e6fe676c0cc34e37aac6717c985b9ec8e8fa64efd4e7444452b0aa6789f4de4")
VECTOR("Bb", 0x0, 33, 0, 3, NONE, 0x0, 0x0,
       "53de626e00bd6e56fdab0d092b7963081274c9b3d1cbbe5bbfe87ce9f2f294e8", "",
       "d50b359fd73709a86546888e458a109348e240882ce7ed3fa13f3b7ad4db5af4")
VECTOR("Be", 0x0, 40, 0, 1, NONE, 0x0, 0x0,
       "3e7793ca25c02f60ba50697f9ff96531fd27bcda75f183e0687e63695773e68d", "",
       "6e253c03a1f11950b00824e816ba46c670b718fe0abf8558ea81bfd32904fb36")
VECTOR("Bg", 0x0, 40, 0, 3, NONE, 0x48000000, 0x77,
       "f33498f22eed8d51fb28b95769b27275a8c69a469e26b0050f1e809c4e0146b4", "",
       "ff9a022b86efc9f6bffe1c6f9cb84a5094333b982d4cb4082e97b754e8abf6ed")
VECTOR("Bh", 0x0, 40, 0, 3, MEASURED, 0x0, 0x0,
       "f33498f22eed8d51fb28b95769b27275a8c69a469e26b0050f1e809c4e0146b4",
       "d9e5f214dc775d957d0ef327026b049465379b6ab9ba1f11a2d6c9bd332f1b89",
       "ca2feb42d8b816fa548b8b96a42c513a013891237d2af5a9f0a38093004957f3")
VECTOR("Bj", 0x0, 40, 0, 3, UNMEASURED, 0x0, 0x0,
       "f33498f22eed8d51fb28b95769b27275a8c69a469e26b0050f1e809c4e0146b4",
       "55f4fa3979a12ff3ec7e42649fefb22cb171f1f7c4e3c441809dc8b62955b936",
       "3fa1f1ecb1ef4eb1763610a058690fef7229a387b7c3b2fec76a3f389fe6f6ec")
VECTOR("Bk", 0x2, 40, 15, 3, NONE, 0x0, 0x0,
       "0545865a3438aef1bb6be76e938389e81d2c3f0cabef6f31c2205c4c05eca3c0", "",
       "72d60d47279352f03f16de5c3246b3d7e106186a695a39d522a74e5036ebf3ad")
VECTOR("BaL", 0x1, 40, 0, 3, NONE, 0x0, 0x0, "", "",
       "29d3b69bb96918938035b7f98c5ddb2237628afd0d05eb693bf4e4aba6d6d134")
VECTOR("BhL", 0x1, 40, 0, 3, MEASURED, 0x0, 0x0, "", "",
       "f92016071acbc28e79ce21e3bbf5ee4de2bc3f25e1eb642ccf4a091bbbf9a25a")
VECTOR("BkL", 0x3, 40, 15, 3, NONE, 0x0, 0x0, "", "",
       "289bcf24daae144053abf1e10c07df0f0788507c5f23a9540b7f8a6c9c9d6f96")
